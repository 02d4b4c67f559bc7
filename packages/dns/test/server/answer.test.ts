import { assert, describe, it } from "@effect/vitest"
import { answer, handle, type Policy } from "@handoff/dns/server"
import { Edns, Message, Name, Question, Rcode, type ResourceRecord } from "@handoff/dns/wire"
import { text, type Zone, ZoneStore } from "@handoff/dns/zone"
import { lab, wildcards } from "./support/zones.ts"

const ask = (zone: Zone.Zone, name: string, type: Question.QuestionType) =>
  answer(zone, Question.make(name, type), { dnssecOk: false, minimalAny: false })

const owners = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
  records.map((record) => `${Name.toText(record.name)} ${record.type}`)

describe("RFC 4592 2.2.1", () => {
  const cases: ReadonlyArray<readonly [string, Question.QuestionType, number, ReadonlyArray<string>]> = [
    ["host3.example.", "MX", Rcode.NOERROR, ["host3.example. MX"]],
    ["host3.example.", "A", Rcode.NOERROR, []],
    ["foo.bar.example.", "TXT", Rcode.NOERROR, ["foo.bar.example. TXT"]],
    ["host1.example.", "MX", Rcode.NOERROR, []],
    ["sub.*.example.", "MX", Rcode.NOERROR, []],
    ["_telnet._tcp.host1.example.", "SRV", Rcode.NXDOMAIN, []],
    ["host.subdel.example.", "A", Rcode.NOERROR, []],
    ["ghost.*.example.", "MX", Rcode.NXDOMAIN, []]
  ]
  for (const [name, type, rcode, answers] of cases) {
    it(`${name} ${type} is ${Rcode.nameOf(rcode)} with ${answers.length} answers`, () => {
      const found = ask(wildcards, name, type)
      assert.strictEqual(found.rcode, rcode)
      assert.deepStrictEqual(owners(found.answers), answers)
    })
  }
  it("host.subdel.example. is referred without AA", () => {
    const found = ask(wildcards, "host.subdel.example.", "A")
    assert.isFalse(found.authoritative)
    assert.deepStrictEqual(owners(found.authorities), ["subdel.example. NS", "subdel.example. NS"])
  })
})

describe("RFC 6672 2.2, table 1: what a DNAME makes of a name", () => {
  const table: ReadonlyArray<readonly [string, string, string, string | undefined]> = [
    ["com.", "example.com.", "example.net.", undefined],
    ["example.com.", "example.com.", "example.net.", undefined],
    ["a.example.com.", "example.com.", "example.net.", "a.example.net."],
    ["a.b.example.com.", "example.com.", "example.net.", "a.b.example.net."],
    ["ab.example.com.", "b.example.com.", "example.net.", undefined],
    ["foo.example.com.", "example.com.", "example.net.", "foo.example.net."],
    ["a.x.example.com.", "x.example.com.", "example.net.", "a.example.net."],
    ["a.example.com.", "example.com.", "y.example.net.", "a.y.example.net."],
    ["cyc.example.com.", "example.com.", "example.com.", "cyc.example.com."],
    ["cyc.example.com.", "example.com.", "c.example.com.", "cyc.c.example.com."],
    ["shortloop.x.x.", "x.", ".", "shortloop.x."],
    ["shortloop.x.", "x.", ".", "shortloop."]
  ]
  for (const [name, owner, target, result] of table) {
    it(`${name} under ${owner} DNAME ${target} is ${result ?? "no match"}`, () => {
      const zone = text.zone(".", `@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a.\n${owner} 60 DNAME ${target}`)
      const found = ask(zone, name, "A")
      const alias = found.answers.find((record): record is ResourceRecord.Of<"CNAME"> => record.type === "CNAME")
      assert.strictEqual(alias === undefined ? undefined : Name.toText(alias.data.target), result)
      assert.isAtMost(found.answers.length, 40)
      // "The result depends on the QTYPE."
      if (name === owner) assert.deepStrictEqual(owners(ask(zone, name, "DNAME").answers), [`${owner} DNAME`])
    })
  }
})

describe("answers of a zone", () => {
  it("an alias is followed while the target is in the zone", () => {
    assert.deepStrictEqual(owners(ask(lab, "www.lab.example.", "A").answers), [
      "www.lab.example. CNAME",
      "host.lab.example. A"
    ])
    assert.deepStrictEqual(owners(ask(lab, "away.lab.example.", "A").answers), ["away.lab.example. CNAME"])
  })
  it("a loop of aliases ends", () => {
    assert.isAtMost(ask(lab, "loop1.lab.example.", "A").answers.length, 3)
  })
  it("a DNAME comes with the CNAME made of it, and the target", () => {
    const found = ask(lab, "x.old.lab.example.", "A")
    assert.deepStrictEqual(owners(found.answers), [
      "old.lab.example. DNAME",
      "x.old.lab.example. CNAME",
      "x.new.lab.example. A"
    ])
    assert.deepStrictEqual(owners(ask(lab, "old.lab.example.", "A").answers), [])
  })
  it("a DNAME whose target would be too long is YXDOMAIN", () => {
    const label = "x".repeat(63)
    assert.strictEqual(ask(lab, `${label}.${label}.${label}.far.lab.example.`, "A").rcode, Rcode.YXDOMAIN)
  })
  it("an empty non-terminal exists and has no data", () => {
    const found = ask(lab, "b.c.lab.example.", "A")
    assert.strictEqual(found.rcode, Rcode.NOERROR)
    assert.deepStrictEqual(owners(found.authorities), ["lab.example. SOA"])
    assert.strictEqual(ask(lab, "d.c.lab.example.", "A").rcode, Rcode.NXDOMAIN)
  })
  it("a negative answer has the TTL of RFC 2308 5", () => {
    assert.strictEqual(ask(lab, "nothing.lab.example.", "A").authorities[0]?.ttl, 60)
  })
  it("a referral has its servers and the glue below the cut", () => {
    const found = ask(lab, "deep.child.lab.example.", "A")
    assert.isFalse(found.authoritative)
    assert.deepStrictEqual(owners(found.additionals), ["ns.child.lab.example. A"])
    assert.strictEqual(found.requiredGlue, 1)
  })
  it("glue is not an answer of the parent", () => {
    const found = ask(lab, "ns.child.lab.example.", "A")
    assert.isFalse(found.authoritative)
    assert.deepStrictEqual(owners(found.answers), [])
  })
  it("DS at a cut is the parent's to answer", () => {
    const found = ask(lab, "child.lab.example.", "DS")
    assert.isTrue(found.authoritative)
    assert.deepStrictEqual(owners(found.authorities), ["lab.example. SOA"])
  })
  it("addresses of mail servers come along", () => {
    assert.deepStrictEqual(owners(ask(lab, "lab.example.", "MX").additionals), ["mail.lab.example. A"])
  })
  it("names are found in any case, and keep that of the question", () => {
    assert.deepStrictEqual(owners(ask(lab, "HoSt.LAB.example.", "A").answers), ["host.lab.example. A"])
  })
})

const policy: Policy = {
  zones: new ZoneStore([lab, wildcards]),
  keys: [],
  sig0Keys: [],
  allowTransfer: () => false,
  allowUpdate: () => false,
  onNotify: () => false,
  afterUpdate: (zone) => zone,
  rateLimit: undefined,
  udpPayloadOctets: 1_232,
  identity: "here"
}

const exchange = (message: Message.Message, transport: "udp" | "tcp" = "udp") =>
  [...handle(policy, Message.encode(message), { transport, address: "192.0.2.1", port: 5353 }, 0)].map((octets) => ({
    octets,
    message: Message.decodeUnsafe(octets)
  }))

describe("messages", () => {
  it("an answer over UDP is cut at 512 octets, or what EDNS allows, and is whole over TCP", () => {
    const query = Message.query(Question.make("big.lab.example.", "TXT"), { id: 1 })
    assert.isTrue(exchange(query)[0]!.message.truncated)
    assert.isAtMost(exchange(query)[0]!.octets.length, 512)
    const wide = exchange({ ...query, edns: Edns.make({ udpPayloadOctets: 4096 }) })[0]!
    assert.isTrue(wide.message.truncated)
    assert.isAtMost(wide.octets.length, 1_232)
    assert.isFalse(exchange(query, "tcp")[0]!.message.truncated)
  })
  it("an unknown version of EDNS is BADVERS", () => {
    const query = Message.query(Question.make("host.lab.example.", "A"), { id: 1, edns: Edns.make({ version: 1 }) })
    assert.strictEqual(exchange(query)[0]!.message.rcode, Rcode.BADVERS)
  })
  it("without EDNS in the query there is none in the answer", () => {
    assert.isUndefined(exchange(Message.query(Question.make("host.lab.example.", "A"), { id: 1 }))[0]!.message.edns)
  })
  it("a name outside all zones is REFUSED", () => {
    const found = exchange(Message.query(Question.make("host.elsewhere.", "A"), { id: 9 }))[0]!.message
    assert.strictEqual(found.rcode, Rcode.REFUSED)
    assert.strictEqual(found.id, 9)
  })
  it("responses are not answered, noise neither, half messages are FORMERR", () => {
    const query = Message.query(Question.make("host.lab.example.", "A"), { id: 1 })
    assert.deepStrictEqual(exchange({ ...query, response: true }), [])
    const peer = { transport: "udp", address: "192.0.2.1", port: 1 } as const
    assert.deepStrictEqual([...handle(policy, new Uint8Array(5), peer, 0)], [])
    const half = Message.encode(query).subarray(0, 20)
    assert.strictEqual(Message.decodeUnsafe([...handle(policy, half, peer, 0)][0]!).rcode, Rcode.FORMERR)
  })
  it("other opcodes are NOTIMP, transfers and updates refused unless allowed", () => {
    const question = Question.make("lab.example.", "AXFR")
    assert.strictEqual(exchange(Message.query(question, { id: 1, opcode: 2 }))[0]!.message.rcode, Rcode.NOTIMP)
    assert.strictEqual(exchange(Message.query(question, { id: 1 }), "tcp")[0]!.message.rcode, Rcode.REFUSED)
    const update = Message.make({ opcode: 5, questions: [Question.make("lab.example.", "SOA")] })
    assert.strictEqual(exchange(update)[0]!.message.rcode, Rcode.REFUSED)
  })
  it("ANY over UDP gives one set (RFC 8482)", () => {
    const query = Message.query(Question.make("host.lab.example.", "ANY"), { id: 1 })
    assert.strictEqual(exchange(query)[0]!.message.answers.length, 1)
    assert.strictEqual(exchange(query, "tcp")[0]!.message.answers.length, 2)
  })
})
