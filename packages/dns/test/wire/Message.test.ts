import {
  DecodeError,
  Edns,
  EncodeError,
  Framing,
  Message,
  Name,
  Question,
  RecordText,
  ResourceRecord
} from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"

const decoded = (octets: Uint8Array): Message.Message => {
  const message = Message.decode(octets)
  if (message instanceof DecodeError) throw message
  return message
}

const answer = Message.make({
  id: 0x1234,
  response: true,
  recursionDesired: true,
  recursionAvailable: true,
  questions: [Question.make("www.example.org", "A")],
  answers: [
    ResourceRecord.make({
      name: "www.example.org",
      type: "CNAME",
      ttl: 300,
      data: { target: Name.fromText("host.example.org") }
    }),
    ResourceRecord.make({ name: "host.example.org", type: "A", ttl: 60, data: { address: "192.0.2.1" } }),
    ResourceRecord.make({ name: "host.example.org", type: "AAAA", ttl: 60, data: { address: "2001:db8::1" } })
  ],
  additionals: [
    ResourceRecord.make({ name: "example.org", type: "MX", ttl: 60, data: { preference: 10, exchange: Name.root } })
  ],
  edns: Edns.make({ dnssecOk: true })
})

describe("Message", () => {
  it("is the same after encode and decode", () => {
    const octets = Message.encode(answer)
    assert.deepEqual(JSON.parse(JSON.stringify(decoded(octets))), JSON.parse(JSON.stringify(answer)))
    assert.deepEqual(Message.encode(decoded(octets)), octets)
  })

  it("compresses names and keeps their case", () => {
    const octets = Message.encode(answer)
    assert.strictEqual(octets.length, 12 + 21 + (2 + 10 + 7) + (2 + 10 + 4) + (2 + 10 + 16) + (2 + 10 + 3) + 11)
    const mixed = Message.make({ questions: [Question.make("ExAmple.org", "A"), Question.make("a.example.org", "A")] })
    const names = decoded(Message.encode(mixed)).questions.map((question) => Name.toText(question.name))
    assert.deepEqual(names, ["ExAmple.org.", "a.example.org."])
  })

  it("names the bound and the offset of what is wrong", () => {
    const octets = Message.encode(answer)
    const error = Message.decode(octets.subarray(0, octets.length - 1))
    assert.instanceOf(error, DecodeError)
    assert.strictEqual(error.bound, "message")
    const loop = Uint8Array.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1])
    const looped = Message.decode(loop)
    assert.instanceOf(looped, DecodeError)
    assert.strictEqual(looped.bound, "pointer")
    assert.strictEqual(looped.offset, 12)
  })

  it("narrows the rdata by the type", () => {
    const addresses = decoded(Message.encode(answer)).answers.filter(ResourceRecord.is("A"))
    assert.deepEqual(
      addresses.map((record) => record.data.address),
      ["192.0.2.1"]
    )
  })

  it("asks for types by number, and for names with dots and bytes inside a label", () => {
    const name = Name.fromLabels([Uint8Array.from([0x61, 0x2e, 0x62]), Uint8Array.from([0, 0xff])])
    const octets = Message.encode(Message.query(Question.make(name, "TYPE65"), { id: 1 }))
    assert.deepEqual(Array.from(octets.subarray(12)), [3, 0x61, 0x2e, 0x62, 2, 0, 0xff, 0, 0, 65, 0, 1])
    const [question] = decoded(octets).questions
    assert.strictEqual(question!.type, "HTTPS")
    assert.isTrue(Name.identical(question!.name, name))
  })

  it("refuses what has no octets", () => {
    const edns = Edns.make()
    for (const bad of [
      { id: 65_536 },
      { id: -1 },
      { id: 0.5 },
      { rcode: 16 },
      { rcode: -1 },
      { rcode: 4_096, edns },
      { rcode: 1.5 },
      { opcode: 16 },
      { opcode: -1 },
      { opcode: 0.5 }
    ]) {
      assert.throws(() => Message.encode(Message.make(bad)), EncodeError)
    }
    const texts = Array.from({ length: 300 }, () => Buffer.alloc(255))
    const long = ResourceRecord.make({ name: "a", type: "TXT", ttl: 1, data: { strings: texts } })
    assert.throws(() => Message.encode(Message.make({ answers: [long] })), EncodeError)
    // What failed leaves nothing behind.
    assert.strictEqual(Message.encode(answer).length, Message.encode(answer).length)
  })

  it("leaves out what does not fit and says so", () => {
    const octets = Message.encode(answer, { maxOctets: 80 })
    const message = decoded(octets)
    assert.isAtMost(octets.length, 80)
    assert.isTrue(message.truncated)
    assert.strictEqual(message.answers.length, 2)
    assert.isDefined(message.edns)
  })

  it("leaves out what 16 bits cannot count", () => {
    const answers = Array.from({ length: 70_000 }, () => answer.answers[0]!)
    const message = decoded(Message.encode(Message.make({ answers }), { maxOctets: 512 }))
    assert.isTrue(message.truncated)
    assert.isAbove(message.answers.length, 5)
    assert.throws(() => Message.encode(Message.make({ answers })), EncodeError)
  })

  it("keeps OPT and TSIG when cut to any size, and stays within it", () => {
    const tsig = RecordText.parse("key.example.org. 0 ANY TSIG hmac-sha256. 1594855491 300 4 AAECAw== 60120 NOERROR 0")
    const signed = { ...answer, additionals: [...answer.additionals, tsig] }
    const whole = Message.encode(signed)
    const records = (message: Message.Message): number => message.answers.length + message.additionals.length
    for (let maxOctets = 33 + 11 + 61; maxOctets <= whole.length; maxOctets++) {
      const octets = Message.encode(signed, { maxOctets })
      assert.isAtMost(octets.length, maxOctets)
      const message = decoded(octets)
      assert.isDefined(message.edns)
      assert.strictEqual(message.additionals.at(-1)!.type, "TSIG")
      assert.strictEqual(message.truncated, message.answers.length < 3)
      assert.strictEqual(records(message) === 5, octets.length === whole.length)
    }
    assert.throws(() => Message.encode(signed, { maxOctets: 60 }), EncodeError)
  })
})

describe("Framing", () => {
  it("gives the same messages however the stream is cut", () => {
    const messages = [Message.encode(answer), Message.encode(Message.make({ id: 7 })), Message.encode(answer)]
    const stream = Framing.frameAll(messages)
    for (let size = 1; size <= stream.length; size++) {
      const deframer = new Framing.Deframer()
      const got: Array<Uint8Array> = []
      for (let at = 0; at < stream.length; at += size) got.push(...deframer.push(stream.subarray(at, at + size)))
      assert.deepEqual(got, messages)
      assert.strictEqual(deframer.pending, 0)
    }
  })
})
