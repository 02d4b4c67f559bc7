/**
 * The zones of RFC 4035 appendix A and RFC 5155 appendix A, and the responses of their appendices B: judged as a validator
 * judges them, and given by our server when it holds the zone as the RFC prints it.
 */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Budget, Dnskey, nsec, nsec3, Rrsig, TrustAnchors, Validator, verify } from "@handoff/dns/dnssec"
import { handle } from "@handoff/dns/server"
import { Edns, Message, Name, Question, Rcode, RecordText, ResourceRecord, ZoneFile } from "@handoff/dns/wire"
import { RRset, types, Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { policyOf } from "./support/judge.ts"

type Record = ResourceRecord.ResourceRecord

const read = (file: string) => readFileSync(new URL(`rfc/${file}`, import.meta.url), "utf8")

const records = (text: string): ReadonlyArray<Record> => {
  const parsed = ZoneFile.parse(`$TTL 3600\n${text}`)
  if (parsed instanceof Error) throw parsed
  return parsed
}

interface Example {
  readonly title: string
  readonly rcode: number
  readonly authoritative: boolean
  readonly question: Question.Question
  readonly answers: ReadonlyArray<Record>
  readonly authorities: ReadonlyArray<Record>
  readonly additionals: ReadonlyArray<Record>
}

const examplesOf = (file: string): ReadonlyArray<Example> =>
  read(file)
    .split(/^# /m)
    .slice(1)
    .map((block) => {
      const section = (name: string) =>
        new RegExp(`^;; ${name}\n((?:[^;].*\n|\n)*)`, "m").exec(block)?.[1]?.trimEnd() ?? ""
      const [name, , type] = section("Question").split(/\s+/)
      return {
        title: block.slice(0, block.indexOf("\n")),
        rcode: Number(/RCODE=(\d+)/.exec(block)![1]),
        authoritative: /Header: QR AA/.test(block),
        question: Question.make(name!, type as Question.QuestionType),
        answers: records(section("Answer")),
        authorities: records(section("Authority")),
        additionals: records(section("Additional"))
      }
    })

const keyOf = (zone: Zone.Zone, flags: number) =>
  zone.apex.sets
    .get(types.DNSKEY)!
    .records.find((record) => Dnskey.read(RRset.make([record]).rdatas[0]!)!.flags === flags)!

const rfcs = [
  {
    name: "RFC 4035",
    zone: Zone.make(records(read("rfc4035.zone"))),
    examples: examplesOf("rfc4035.messages"),
    now: Date.UTC(2004, 3, 20),
    status: () => "secure"
  },
  {
    name: "RFC 5155",
    zone: Zone.make(records(read("rfc5155.zone"))),
    examples: examplesOf("rfc5155.messages"),
    now: Date.UTC(2012, 3, 20),
    // The zone opts out: that a name is not there leaves open whether an unsigned delegation leads to it (RFC 5155 9.2).
    status: (title: string) => (title.startsWith("B.2") ? "secure" : "insecure")
  }
] as const

/** What the validator is asked about a response: of a referral, the DS at the cut that it should have or lack. */
const judged = (example: Example): { readonly question: Question.Question; readonly message: Message.Message } => {
  const { question, rcode, answers, authorities } = example
  const cut = example.authoritative ? undefined : authorities.find(({ type }) => type === "NS")!.name
  if (cut === undefined) {
    return { question, message: Message.make({ response: true, rcode, questions: [question], answers, authorities }) }
  }
  const about = Question.make(cut, "DS")
  const covers = (record: Record, type: string) =>
    record.type === type || (record.type === "RRSIG" && record.data.typeCovered === type)
  return {
    question: about,
    message: Message.make({
      response: true,
      questions: [about],
      answers: authorities.filter((record) => covers(record, "DS")),
      authorities: authorities.filter((record) => !covers(record, "DS"))
    })
  }
}

const verdictOf = (zone: Zone.Zone, now: number, { question, message }: ReturnType<typeof judged>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const apex = (type: number) => [...zone.apex.sets.get(type)!.records, ...zone.apex.signatures.get(type)!]
    const unsigned = (name: Name.Name) => Effect.sync(() => answerOf(zone, Question.make(name, "DS")))
    const fetch = (name: Name.Name, type: number) =>
      type === types.DNSKEY
        ? Effect.succeed(Message.make({ response: true, answers: apex(types.DNSKEY) }))
        : unsigned(name)
    const validator = new Validator({ anchors: new TrustAnchors([keyOf(zone, 257)]), fetch })
    return yield* validator.validate(question, message)
  })

const answerOf = (zone: Zone.Zone, question: Question.Question): Message.Message => {
  const query = Message.query(question, { id: 1, edns: Edns.make({ dnssecOk: true }) })
  const [octets] = handle(policyOf([zone]), Message.encode(query), { transport: "tcp", address: "", port: 0 }, 0)
  return Message.decodeUnsafe(octets!)
}

const isProof = (record: Record) => record.type === "NSEC" || record.type === "NSEC3"

const lines = (list: ReadonlyArray<Record>) => list.map((record) => RecordText.print(record).toLowerCase()).toSorted()

for (const { name, zone, examples, now, status } of rfcs) {
  describe(`${name} appendix B`, () => {
    for (const example of examples) {
      const atChild = example.question.type === "DS"
      if (atChild) {
        it(`${example.title}: does not prove that the parent has no DS`, () => {
          const proof = example.authorities.filter(isProof)
          const rdata = (record: Record) => RRset.make([record]).rdatas[0]!
          if (proof[0]!.type === "NSEC") {
            const nsecs = proof.map((record) => nsec.read(record.name, rdata(record)))
            assert.strictEqual(nsec.provesNoData(nsecs, zone.origin, types.DS, zone.origin), "contradicted")
          } else {
            const hashed = proof.map((record) => nsec3.read(record.name, rdata(record), zone.origin)!)
            const denial = new nsec3.Denial(hashed, zone.origin, new Budget())
            assert.strictEqual(denial.provesNoData(zone.origin, types.DS), "contradicted")
          }
        })
      } else {
        it.effect(`${example.title}: is ${status(example.title)}`, () =>
          Effect.gen(function* () {
            const verdict = yield* verdictOf(zone, now, judged(example))
            assert.strictEqual(verdict.status, status(example.title), JSON.stringify(verdict))
          })
        )
        it.effect(
          `${example.title}: is bogus without any one of its proofs, or with a letter of a signature changed`,
          () =>
            Effect.gen(function* () {
              const ask = judged(example)
              const withAuthorities = (authorities: ReadonlyArray<Record>) =>
                Message.make({ ...ask.message, authorities })
              const without = ask.message.authorities
                .filter(isProof)
                .map((proof) => withAuthorities(ask.message.authorities.filter((record) => record !== proof)))
              const tampered = [...ask.message.answers, ...ask.message.authorities].flatMap((record) => {
                if (record.type !== "RRSIG" || !["NSEC", "NSEC3", "MX", "DS"].includes(record.data.typeCovered))
                  return []
                const { signature } = record.data
                const data = { ...record.data, signature: signature.with(7, signature[7]! ^ 4) }
                const other = { name: record.name, type: "RRSIG", class: record.class, ttl: record.ttl, data } as Record
                const swap = (list: ReadonlyArray<Record>) => list.map((each) => (each === record ? other : each))
                return [
                  { ...ask.message, answers: swap(ask.message.answers), authorities: swap(ask.message.authorities) }
                ]
              })
              assert.isAbove(without.length + tampered.length, 0)
              for (const message of [...without, ...tampered]) {
                const verdict = yield* verdictOf(zone, now, { question: ask.question, message })
                // Without its wildcard B.5 still shows that an unsigned delegation may lead to the name (RFC 5155 8.6).
                const open = example.title.startsWith("B.5 W") && status(example.title) === "insecure"
                if (open) assert.include(["bogus", "insecure"], verdict.status)
                else assert.strictEqual(verdict.status, "bogus", JSON.stringify(verdict))
              }
            })
        )
      }
      it(`${example.title}: is what our server answers`, () => {
        const found = answerOf(zone, example.question)
        assert.strictEqual(Rcode.nameOf(found.rcode), Rcode.nameOf(example.rcode))
        assert.strictEqual(found.authoritative, example.authoritative)
        assert.deepStrictEqual(lines(found.answers), lines(example.answers))
        // The servers of the zone go along with an answer in the RFC; they need not (RFC 1034 6.2, BIND's minimal-responses).
        const optional = (record: Record) =>
          example.answers.length > 0 &&
          (record.type === "NS" || (record.type === "RRSIG" && record.data.typeCovered === "NS"))
        assert.deepStrictEqual(
          lines(found.authorities),
          lines(example.authorities.filter((record) => !optional(record)))
        )
        // Nor do their addresses.
        const target = example.answers.find(({ type }) => type === "MX")
        const wanted = example.additionals.filter(
          (record) =>
            target === undefined || Name.equals(record.name, (target as ResourceRecord.Of<"MX">).data.exchange)
        )
        assert.deepStrictEqual(lines(found.additionals), lines(wanted))
      })
    }
    it("the zone of appendix A: every signature in it holds", () => {
      const keys = zone.apex.sets.get(types.DNSKEY)!.rdatas.map((rdata) => Dnskey.read(rdata)!)
      let held = 0
      for (const node of [...zone.nodes.values(), ...zone.hashes.values()]) {
        for (const [type, list] of node.signatures) {
          const signatures = list.map((record) => Rrsig.read(ResourceRecord.dataOctets(record))!)
          for (const signature of signatures) {
            const options = { zone: zone.origin, keys, now: now / 1_000, budget: new Budget() }
            assert.property(verify(node.sets.get(type)!, [signature], options), "key")
            held++
          }
        }
      }
      assert.isAbove(held, 25)
    })
  })
}
