import { DecodeError, Edns, Message, Name, Question, RecordText, ResourceRecord } from "@handoff/dns/wire"
import * as Schemas from "@handoff/dns/wire/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { vectors } from "./vectors.ts"

const records = vectors.map(({ type, text }, i) => RecordText.parse(`r${i}.Example. ${i} IN ${type} ${text}`))

const viaJson = <A>(schema: Schema.Codec<A, unknown>, value: A): A =>
  Schema.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(Schema.encodeSync(schema)(value))))

describe("Schemas", () => {
  it("take records of every type to JSON and back", () => {
    for (const record of records) {
      const back = viaJson(Schemas.ResourceRecord, record)
      assert.strictEqual(RecordText.print(back), RecordText.print(record))
      assert.deepEqual(ResourceRecord.dataOctets(back), ResourceRecord.dataOctets(record))
    }
  })

  it("take opaque records to JSON and back", () => {
    const record = RecordText.parse(String.raw`a.b\.c. 5 CLASS9 TYPE65280 \# 3 010203`)
    assert.deepEqual(Schema.encodeSync(Schemas.ResourceRecord)(record), {
      name: String.raw`a.b\.c.`,
      type: "TYPE65280",
      class: "CLASS9",
      ttl: 5,
      data: { octets: "AQID" }
    })
    assert.strictEqual(RecordText.print(viaJson(Schemas.ResourceRecord, record)), RecordText.print(record))
  })

  it("take messages to JSON and back, made or decoded", () => {
    const message = Message.make({
      id: 99,
      response: true,
      rcode: 23,
      reserved: true,
      questions: [Question.make("a.example", "ANY"), Question.make("b", "TYPE777", "CLASS9")],
      answers: records.slice(0, 30),
      authorities: records.slice(30, 60),
      additionals: records.slice(60),
      edns: Edns.make({
        dnssecOk: true,
        reservedFlags: 5,
        options: [
          { option: "COOKIE", data: { client: new Uint8Array(8), server: new Uint8Array(0) } },
          { option: "ECS", data: { subnet: { family: 1, sourcePrefix: 24, scopePrefix: 0, address: "192.0.2.0" } } },
          { option: "KEEPALIVE", data: { timeout: undefined } },
          { option: "OPT65001", data: { octets: Uint8Array.from([1]) } }
        ]
      })
    }) satisfies Message.Message
    const withoutTsig = { ...message, additionals: message.additionals.filter((record) => record.type !== "TSIG") }
    const octets = Message.encode(withoutTsig)
    assert.deepEqual(Message.encode(viaJson(Schemas.Message, withoutTsig)), octets)
    const decoded = Message.decode(octets)
    assert.notInstanceOf(decoded, DecodeError)
    assert.deepEqual(Message.encode(viaJson(Schemas.Message, decoded)), octets)
    const plain = Message.make({ id: 1 })
    assert.deepEqual(viaJson(Schemas.Message, plain), plain)
  })

  it("refuse what has no octets, with the reason", () => {
    const decode = Schema.decodeUnknownResult(Schemas.ResourceRecord)
    const base = { name: "a.", class: "IN", ttl: 1 }
    for (const bad of [
      { ...base, type: "A", data: { address: "192.0.2" } },
      { ...base, type: "A", data: {} },
      { ...base, type: "MX", data: { preference: 65_536, exchange: "a." } },
      { ...base, type: "TXT", data: { strings: [Buffer.alloc(256).toString("base64")] } },
      { ...base, type: "NOSUCH", data: { octets: "" } },
      { ...base, type: "TYPE65536", data: { octets: "" } },
      { ...base, name: "a..b", type: "A", data: { address: "192.0.2.1" } },
      { ...base, ttl: -1, type: "A", data: { address: "192.0.2.1" } },
      { ...base, class: "WHAT", type: "A", data: { address: "192.0.2.1" } },
      { ...base, type: "IPSECKEY", data: { precedence: 1, algorithm: 1, gateway: { name: "a..b" }, publicKey: "" } },
      {
        ...base,
        type: "SVCB",
        data: { priority: 1, target: "a.", params: [{ key: "ech", value: { base64: "!!!!" } }] }
      }
    ]) {
      assert.strictEqual(decode(bad)._tag, "Failure", JSON.stringify(bad))
    }
  })

  it("narrow one type", () => {
    const mx = Schema.decodeUnknownSync(Schemas.recordOf("MX"))({
      name: "a.",
      type: "MX",
      class: "IN",
      ttl: 1,
      data: { preference: 10, exchange: "b." }
    })
    assert.strictEqual(Name.toText(mx.data.exchange), "b.")
  })
})
