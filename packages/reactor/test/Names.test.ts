import { LookupAddress, LookupHost, QueryRecords } from "@handoff/core"
import { Reactor } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Dns from "effect/net/Dns"
import * as NetAddress from "effect/net/NetAddress"
import { udp } from "./support/peers.ts"

const name = (text: string): Buffer =>
  Buffer.concat([
    ...text.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0])
  ])

/** Answers by question, as `name type`: rdata of a record with a TTL of 60, or a response code. */
const answers: Readonly<Record<string, readonly [type: number, rdata: Buffer] | number>> = {
  "host.example.org 1": [1, Buffer.from([192, 0, 2, 5])],
  "host.example.org 28": [28, Buffer.from("20010db8000000000000000000000005", "hex")],
  "host.example.org 15": [15, Buffer.concat([Buffer.from([0, 10]), name("mail.example.org")])],
  "5.2.0.192.in-addr.arpa 12": [12, name("host.example.org")],
  "four.example.org 1": [1, Buffer.from([192, 0, 2, 4])],
  "four.example.org 28": 0,
  "broken.example.org 1": 2,
  "broken.example.org 28": 2
}

/** A name server of the simplest kind: one question, one answer (RFC 1035 section 4). */
const nameServer = udp((query, reply) => {
  const labels: Array<string> = []
  let at = 12
  for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString("latin1", at + 1, at + 1 + query[at]!))
  const question = query.subarray(12, at + 5)
  const found = answers[`${labels.join(".").toLowerCase()} ${query.readUInt16BE(at + 1)}`] ?? 3
  const [rcode, record] = typeof found === "number" ? [found, undefined] : [0, found]
  const header = Buffer.from([
    query[0]!,
    query[1]!,
    0x81,
    0x80 | rcode,
    0,
    1,
    0,
    record === undefined ? 0 : 1,
    0,
    0,
    0,
    0
  ])
  if (record === undefined) {
    reply(Buffer.concat([header, question]))
    return
  }
  const [type, rdata] = record
  const fixed = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, rdata.length >> 8, rdata.length & 255])
  reply(Buffer.concat([header, question, fixed, rdata]))
})

describe("names by c-ares", () => {
  it.live("finds addresses, names and records, and tells absence from fault", () =>
    Effect.gen(function* () {
      const server = yield* nameServer
      const reactor = yield* Reactor.make({ nameServers: [`127.0.0.1:${server.port}`] })
      const host = yield* reactor.run(new LookupHost({ name: "host.example.org" }))
      assert.deepStrictEqual(host.map(NetAddress.formatIp), ["2001:db8::5", "192.0.2.5"])
      const four = yield* reactor.run(new LookupHost({ name: "four.example.org" }))
      assert.deepStrictEqual(four.map(NetAddress.formatIp), ["192.0.2.4"])
      const names = yield* reactor.run(new LookupAddress({ address: NetAddress.ipFromStringUnsafe("192.0.2.5") }))
      assert.deepStrictEqual([...names], ["host.example.org"])
      const set = yield* reactor.run(new QueryRecords({ name: "host.example.org", type: "A" }))
      assert.deepStrictEqual([set.name, set.type, set.ttl], ["host.example.org", "A", 60])
      const mx = yield* reactor.run(new QueryRecords({ name: "host.example.org", type: "mx" }))
      const [record] = mx.records
      assert.strictEqual(record._tag === "Other" ? "" : Dns.formatRecord(record), "MX 10 mail.example.org.")

      const failure = (task: LookupHost | LookupAddress | QueryRecords) =>
        Effect.map(Effect.flip(reactor.run(task)), (error) =>
          error._tag === "LookupError" ? [error.reason, error.code] : [error._tag]
        )
      assert.deepStrictEqual(yield* failure(new LookupHost({ name: "none.example.org" })), ["NotFound", "ENOTFOUND"])
      assert.deepStrictEqual(yield* failure(new LookupHost({ name: "broken.example.org" })), [
        "ServerFailure",
        "ESERVFAIL"
      ])
      assert.deepStrictEqual(yield* failure(new LookupHost({ name: "x".repeat(300) })), ["BadName", "EBADNAME"])
      assert.deepStrictEqual(yield* failure(new QueryRecords({ name: "none.example.org", type: "A" })), [
        "NotFound",
        "NXDOMAIN"
      ])
      assert.deepStrictEqual(yield* failure(new QueryRecords({ name: "four.example.org", type: "AAAA" })), [
        "NotFound",
        "NODATA"
      ])
      assert.deepStrictEqual(yield* failure(new QueryRecords({ name: "host.example.org", type: "HTTPS" })), [
        "Unsupported"
      ])
    })
  )
})
