/** The worked example of RFC 1995 7: three generations of a zone, and the responses that may be given to the first. */
import { assert, describe, it } from "@effect/vitest"
import { Incoming, outgoing } from "@handoff/dns/transfer"
import { Message, Question, RecordText, type ResourceRecord } from "@handoff/dns/wire"
import { applyDiff, Diff, edit, text, type Zone } from "@handoff/dns/zone"

const soa = (serial: number) =>
  `jain.ad.jp. 604800 IN SOA ns.jain.ad.jp. mohta.jain.ad.jp. ${serial} 600 600 3600000 604800`
const a = (name: string, address: string) => `${name}.jain.ad.jp. 604800 IN A ${address}`
const ns = "jain.ad.jp. 604800 IN NS ns.jain.ad.jp."
const generation = (serial: number, ...lines: ReadonlyArray<string>) =>
  text.zone("jain.ad.jp.", [soa(serial), ns, a("ns", "133.69.136.1"), ...lines].join("\n"))

const first = generation(1, a("nezu", "133.69.136.5"))
const second = generation(2, a("jain-bb", "133.69.136.4"), a("jain-bb", "192.41.197.2"))
const third = generation(3, a("jain-bb", "133.69.136.3"), a("jain-bb", "192.41.197.2"))
const request = { id: 1, question: Question.make("jain.ad.jp.", "IXFR") }
const whole = [soa(3), ns, a("ns", "133.69.136.1"), a("jain-bb", "133.69.136.3"), a("jain-bb", "192.41.197.2"), soa(3)]
const incremental = [
  soa(3),
  soa(1),
  a("nezu", "133.69.136.5"),
  soa(2),
  a("jain-bb", "133.69.136.4"),
  a("jain-bb", "192.41.197.2"),
  soa(2),
  a("jain-bb", "133.69.136.4"),
  soa(3),
  a("jain-bb", "133.69.136.3"),
  soa(3)
]
const condensed = [
  soa(3),
  soa(1),
  a("nezu", "133.69.136.5"),
  soa(3),
  a("jain-bb", "133.69.136.3"),
  a("jain-bb", "192.41.197.2"),
  soa(3)
]
const diffs = [Diff.between(first, second), Diff.between(second, third)]
const print = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
  records.map((record) => RecordText.print(record))
const answers = (messages: Iterable<Message.Message>) => [...messages].flatMap((message) => print(message.answers))
/** Of a whole zone the order between the first and the last record is free (RFC 5936 2.2). */
const inAnyOrder = (lines: ReadonlyArray<string>) => [lines[0], ...lines.slice(1, -1).toSorted(), lines.at(-1)]
const same = (one: Zone.Zone, other: Zone.Zone) =>
  assert.deepStrictEqual(text.print(one).split("\n").toSorted(), text.print(other).split("\n").toSorted())

/** What a client that has the first generation makes of a response. */
const received = (lines: ReadonlyArray<string>) => {
  const incoming = new Incoming({ origin: first.origin, serial: 1 })
  const records = lines.map((line) => RecordText.parse(line))
  const taken = incoming.push(Message.make({ response: true, answers: records }))
  return { incoming, taken }
}

describe("RFC 1995 7", () => {
  it("the full zone transfer message is what we give without a history, and take", () => {
    const given = answers(outgoing.ixfr(third, request, { serial: 1, diffs: undefined }))
    assert.deepStrictEqual(inAnyOrder(given), inAnyOrder(whole))
    const { incoming, taken } = received(whole)
    assert.strictEqual(incoming.state, "done")
    assert.isTrue(incoming.isWhole)
    assert.deepStrictEqual(print(taken), whole.slice(0, -1))
  })
  it("the incremental message is what we give, record by record, and take", () => {
    assert.deepStrictEqual(answers(outgoing.ixfr(third, request, { serial: 1, diffs })), incremental)
    const { incoming } = received(incremental)
    assert.strictEqual(incoming.state, "done")
    same(incoming.diffs.reduce(applyDiff, first), third)
  })
  it("the condensed incremental message is taken, too", () => {
    const { incoming } = received(condensed)
    assert.strictEqual(incoming.diffs.length, 1)
    same(incoming.diffs.reduce(applyDiff, first), third)
    same(applyDiff(first, Diff.between(first, third)), third)
  })
  it("a response whose last SOA is not its first is of two versions, though their serials are one", () => {
    const other = soa(3).replace("mohta", "someone")
    for (const lines of [whole, incremental, condensed]) {
      assert.throws(() => received([...lines.slice(0, -1), other]), /SOA/)
      assert.throws(() => received([other, ...lines.slice(1)]), /SOA/)
      // Case is no difference (RFC 4034 6.2).
      assert.strictEqual(received([...lines.slice(0, -1), soa(3).replace("mohta", "MOHTA")]).incoming.state, "done")
    }
  })
  it("over UDP what does not fit is the SOA alone, and what fits is the difference", () => {
    const over = (maxOctets: number) => answers([outgoing.ixfrOverUdp(third, request, { serial: 1, diffs, maxOctets })])
    assert.deepStrictEqual(over(100), [soa(3)])
    assert.deepStrictEqual(over(1_232), incremental)
  })
  it("an edit that does the same gives the same difference", () => {
    const { diff } = edit(first, (transaction) => {
      transaction.removeAll(first.nodes.get([...first.nodes.keys()].find((key) => key.includes("nezu"))!)!.name)
      for (const line of [a("jain-bb", "133.69.136.4"), a("jain-bb", "192.41.197.2")]) {
        transaction.add(RecordText.parse(line))
      }
    })
    const records = (list: ReadonlyArray<ResourceRecord.ResourceRecord>) => print(list).toSorted()
    assert.deepStrictEqual(records(diff.removed), records(diffs[0]!.removed))
    assert.deepStrictEqual(records(diff.added), records(diffs[0]!.added))
  })
})
