import { assert, describe, it } from "@effect/vitest"
import { Delegations, hints, read } from "@handoff/dns/recursive"
import { Message, Name, Rcode, ZoneFile } from "@handoff/dns/wire"
import { types } from "@handoff/dns/zone"

const records = (text: string) => {
  const parsed = ZoneFile.parse(text, { ttl: 300 })
  if (parsed instanceof Error) throw parsed
  return parsed
}
const step = (fields: Partial<Message.Message>, name = "www.leaf.test.", type: number = types.A) =>
  read(Message.make({ response: true, ...fields }), {
    zone: Name.fromText("test."),
    name: Name.fromText(name),
    type,
    now: 0
  })

describe("what a reply of a zone's server may say (RFC 5452 6)", () => {
  it("glue counts for names of the zone only, and for servers of the cut only", () => {
    const found = step({
      authorities: records("leaf.test. NS ns.leaf.test.\nleaf.test. NS ns.bank.example."),
      additionals: records(
        "ns.leaf.test. A 192.0.2.1\nns.bank.example. A 203.0.113.66\nwww.bank.example. A 203.0.113.66"
      )
    })
    assert.deepStrictEqual(found.kind === "referral" && found.to.servers.map(({ addresses }) => addresses), [
      ["192.0.2.1"],
      []
    ])
  })
  it("answers for names elsewhere are not there", () => {
    const found = step({
      authoritative: true,
      answers: records("www.leaf.test. CNAME a.example.\na.example. A 203.0.113.66")
    })
    assert.deepStrictEqual(found.kind === "answer" && found.message.answers.map(({ type }) => type), ["CNAME"])
  })
  it("nor are those that an alias leads to by way of elsewhere: it may lead on otherwise", () => {
    const found = step({
      authoritative: true,
      answers: records(
        "www.leaf.test. CNAME a.example.\na.example. CNAME b.leaf.test.\nb.leaf.test. A 192.0.2.1\nc.leaf.test. A 192.0.2.1"
      )
    })
    assert.deepStrictEqual(found.kind === "answer" && found.message.answers.map(({ type }) => type), ["CNAME"])
    const whole = step({
      authoritative: true,
      answers: records(
        "leaf.test. DNAME new.test.\nwww.leaf.test. CNAME www.new.test.\nwww.new.test. CNAME b.test.\nb.test. A 192.0.2.1"
      )
    })
    assert.strictEqual(whole.kind === "answer" && whole.message.answers.length, 4)
  })
  it("that there is nothing where an alias leads is its to say only where that is its own, too", () => {
    for (const [target, rcode] of [
      ["gone.test.", Rcode.NXDOMAIN],
      ["gone.example.", Rcode.NOERROR]
    ] as const) {
      const found = step({
        authoritative: true,
        rcode: Rcode.NXDOMAIN,
        answers: records(`www.leaf.test. CNAME ${target}`),
        authorities: records("example. SOA a.test. b.test. 1 1 1 1 1")
      })
      assert.deepStrictEqual(found.kind === "answer" && [found.message.rcode, found.message.authorities], [rcode, []])
    }
  })
  const lame: ReadonlyArray<readonly [string, Partial<Message.Message>]> = [
    ["a referral upwards", { authorities: records(". NS a.root.") }],
    ["a referral to itself", { authorities: records("test. NS a.test.") }],
    ["a referral aside", { authorities: records("other.test. NS a.test.") }],
    ["an answer from a cache", { answers: records("www.leaf.test. A 192.0.2.1") }],
    ["nothing at all", {}],
    ["a refusal", { rcode: Rcode.REFUSED }],
    ["a failure", { rcode: Rcode.SERVFAIL }]
  ]
  for (const [what, fields] of lame) it(`${what} is lame`, () => assert.strictEqual(step(fields).kind, "lame"))
  it("the child's side of a cut has no say about its DS", () => {
    const soa = records("leaf.test. SOA a.test. b.test. 1 1 1 1 1")
    assert.strictEqual(step({ authoritative: true, authorities: soa }, "leaf.test.", types.DS).kind, "lame")
    assert.strictEqual(step({ authoritative: true, authorities: soa }, "leaf.test.", types.MX).kind, "answer")
  })
})

describe("delegations that are known", () => {
  it("the deepest is found, for DS that above, until its time is over; the root is always known", () => {
    const known = new Delegations(hints.root)
    const leaf = { zone: Name.fromText("leaf.test."), servers: [], until: 1_000 }
    known.put(leaf)
    assert.strictEqual(known.closest(Name.fromText("a.LEAF.test."), types.A, 0), leaf)
    assert.strictEqual(known.closest(leaf.zone, types.DS, 0), hints.root)
    assert.strictEqual(known.closest(leaf.zone, types.A, 1_000), hints.root)
  })
  it("their number is bounded", () => {
    const known = new Delegations(hints.root)
    for (let i = 0; i < 10_100; i++) known.put({ zone: Name.fromText(`z${i}.`), servers: [], until: 1 })
    assert.strictEqual(known.size, 10_000)
  })
})
