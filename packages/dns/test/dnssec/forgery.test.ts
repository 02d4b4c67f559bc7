/** Answers that a hostile server, or somebody on the way, makes of what was signed; each would be believed by a validator that is less wary. */
import { assert, describe, it } from "@effect/vitest"
import { Budget, Dnskey, Rrsig, SigningKey, signSync, type ValidatorOptions, verify } from "@handoff/dns/dnssec"
import { Message, Name, Question, Rcode, ResourceRecord, Type } from "@handoff/dns/wire"
import { RRset, text, types } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { answerOf, dsOf, exampleZone, judge, policyOf } from "./support/judge.ts"

const now = 1_800_000_000
const key = SigningKey.generate({ role: "single" })
const other = SigningKey.generate({ role: "single" })
const zoneOf = (lines = "") => exampleZone(`a TXT "text"\n*.wild A 192.0.2.3\n${lines}`)
const signed = signSync(zoneOf(), { keys: [key], now })
const policy = policyOf([signed])
const anchors = [dsOf("example.", key)]

const changed = (message: Message.Message, fields: Partial<Message.Message>): Message.Message =>
  Message.make({
    response: true,
    rcode: message.rcode,
    questions: message.questions,
    answers: message.answers,
    authorities: message.authorities,
    ...fields
  })

/** What a validator says of an answer that was changed on its way. */
const forged = (
  name: string,
  type: Question.QuestionType,
  change: (message: Message.Message) => Partial<Message.Message>,
  options: { readonly policy?: typeof policy; readonly trusted?: typeof anchors } & Omit<
    Partial<ValidatorOptions<never, never>>,
    "anchors"
  > = {}
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now * 1_000)
    const { policy: from = policy, trusted = anchors, ...rest } = options
    const question = Question.make(name, type)
    const message = answerOf(from, question)
    return yield* judge(from, trusted, rest).validator.validate(question, changed(message, change(message)))
  })

const signatureBy = (signer: string, record: ResourceRecord.ResourceRecord) => {
  const owner = Name.fromText(signer)
  const fields = {
    typeCovered: RRset.typeOf(record),
    algorithm: 13,
    labels: Name.countLabels(record.name),
    originalTtl: record.ttl,
    expiration: now + 1_000,
    inception: now - 1_000,
    keyTag: 1,
    signer: owner
  }
  const rdata = Buffer.concat([Rrsig.head(fields), new Uint8Array(64)])
  return RRset.recordOf({ name: record.name, type: types.RRSIG, ttl: record.ttl, rdata })
}

describe("the header is not signed, so", () => {
  for (const rcode of [Rcode.NXDOMAIN, Rcode.YXDOMAIN]) {
    it.effect(`a signed answer under the code ${Rcode.nameOf(rcode)} is bogus`, () =>
      Effect.gen(function* () {
        const verdict = yield* forged("a.example.", "A", () => ({ rcode }))
        assert.strictEqual(verdict.status, "bogus")
      })
    )
  }
  it.effect("a proof that a type is not there does not prove YXDOMAIN", () =>
    Effect.gen(function* () {
      const verdict = yield* forged("a.example.", "MX", () => ({ rcode: Rcode.YXDOMAIN }))
      assert.strictEqual(verdict.status, "bogus")
    })
  )
  it.effect("YXDOMAIN holds where a signed DNAME makes a name that is too long", () =>
    Effect.gen(function* () {
      const long = signSync(zoneOf(`d DNAME ${`${"x".repeat(60)}.`.repeat(3)}example.`), { keys: [key], now })
      const from = policyOf([long])
      const name = `${"y".repeat(60)}.${"y".repeat(10)}.d.example.`
      const verdict = yield* forged(name, "A", () => ({}), { policy: from })
      assert.strictEqual(answerOf(from, Question.make(name, "A")).rcode, Rcode.YXDOMAIN)
      assert.strictEqual(verdict.status, "secure")
    })
  )
})

describe("the signer of a signature is not signed for, so", () => {
  it.effect("one above the anchor does not lead out of what is to be validated", () =>
    Effect.gen(function* () {
      const forgery = ResourceRecord.make({
        name: "a.example.",
        type: "A",
        ttl: 300,
        data: { address: "203.0.113.66" }
      })
      const verdict = yield* forged("a.example.", "A", () => ({ answers: [forgery, signatureBy(".", forgery)] }))
      assert.strictEqual(verdict.status, "bogus")
    })
  )
  it.effect("nor does one beside a denial", () =>
    Effect.gen(function* () {
      const verdict = yield* forged("a.example.", "A", ({ authorities }) => ({
        answers: [],
        authorities: [...authorities, signatureBy(".", signed.soa.records[0]!)]
      }))
      assert.strictEqual(verdict.status, "bogus")
    })
  )
  it.effect("signatures of others before the right one do not make it bogus", () =>
    Effect.gen(function* () {
      const child = signSync(
        text.zone("sub.example.", "$TTL 300\n@ SOA a b 1 1 1 1 1\n@ NS a\na A 192.0.2.1\nx A 192.0.2.9\n"),
        { keys: [other], now }
      )
      const ds = ResourceRecord.dataOctets(dsOf("sub.example.", other))
      const parent = signSync(
        zoneOf(`sub NS a.sub\na.sub A 192.0.2.1\nsub TYPE43 \\# ${ds.length} ${Buffer.from(ds).toString("hex")}`),
        {
          keys: [key],
          now
        }
      )
      const from = policyOf([parent, child])
      const verdict = yield* forged(
        "x.sub.example.",
        "A",
        ({ answers }) => ({
          answers: [signatureBy("example.", answers[0]!), signatureBy("x.sub.example.", answers[0]!), ...answers]
        }),
        { policy: from }
      )
      assert.strictEqual(verdict.status, "secure")
    })
  )
  it.effect("a name below a negative anchor is insecure, whoever claims to have signed it", () =>
    Effect.gen(function* () {
      const verdict = yield* forged("a.example.", "A", ({ answers }) => ({ answers: [answers[0]!] }), {
        negativeAnchors: [Name.fromText("a.example.")]
      })
      assert.strictEqual(verdict.status, "insecure")
      const claimed = yield* forged(
        "a.example.",
        "A",
        ({ answers }) => ({ answers: [answers[0]!, signatureBy("example.", answers[0]!)] }),
        { negativeAnchors: [Name.fromText("a.example.")] }
      )
      assert.strictEqual(claimed.status, "insecure")
    })
  )
})

describe("questions that no record has the type of", () => {
  const denialOf = (denial: "nsec" | "nsec3") =>
    policyOf([signSync(zoneOf("e.n.t A 192.0.2.4"), { keys: [key], now, denial })])
  for (const denial of ["nsec", "nsec3"] as const) {
    it.effect(`ANY is not denied by a name that has something, with ${denial.toUpperCase()}`, () =>
      Effect.gen(function* () {
        const from = denialOf(denial)
        const { authorities } = answerOf(from, Question.make("a.example.", "MX"))
        const verdict = yield* forged("a.example.", "ANY", () => ({ answers: [], authorities }), { policy: from })
        assert.strictEqual(verdict.status, "bogus")
        assert.strictEqual((yield* forged("t.example.", "ANY", () => ({}), { policy: from })).status, "secure")
      })
    )
    it.effect(`ANY of a name of which a denial was kept is asked, with ${denial.toUpperCase()}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now * 1_000)
        const validate = judge(denialOf(denial), anchors)
        assert.strictEqual((yield* validate("a.example.", "MX")).status, "secure")
        const known = (type: number) => validate.validator.denials.find(Name.fromText("a.example."), type, now)
        assert.strictEqual(known(types.SRV)?.kind, "noData")
        assert.isUndefined(known(types.ANY))
      })
    )
  }
  it.effect("signatures that were asked for are insecure: nothing signs them", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* forged("a.example.", "RRSIG", () => ({}))).status, "insecure")
      assert.strictEqual((yield* forged("b.example.", "RRSIG", () => ({}))).status, "secure")
    })
  )
  it.effect("the root has no DS, and its own record proves it", () =>
    Effect.gen(function* () {
      const root = signSync(text.zone(".", "$TTL 300\n@ SOA a b 1 1 1 1 1\n@ NS a\na A 192.0.2.1\n"), {
        keys: [key],
        now
      })
      const verdict = yield* forged(".", "DS", () => ({}), { policy: policyOf([root]), trusted: [dsOf(".", key)] })
      assert.strictEqual(verdict.status, "secure")
    })
  )
})

describe("an alias of a wildcard in place of a DS", () => {
  for (const denial of ["nsec", "nsec3"] as const) {
    it.effect(`counts only with proof that the name is not there, with ${denial.toUpperCase()}`, () =>
      Effect.gen(function* () {
        const zone = signSync(zoneOf("* CNAME a"), { keys: [key], now, denial })
        const from = policyOf([zone])
        const fetch: ValidatorOptions<never, never>["fetch"] = (name, type) =>
          Effect.sync(() => {
            const message = answerOf(from, Question.make(name, Type.nameOf(type) as Question.QuestionType))
            return type === types.DS ? changed(message, { authorities: [] }) : message
          })
        // Nothing is signed here, so that the state of the name is what counts.
        const bare = ({ answers }: Message.Message) => ({
          answers: answers.filter(({ type }) => type !== "RRSIG"),
          authorities: []
        })
        const reason = (verdict: { readonly status: string; readonly reason?: string }) => verdict.reason
        const missing = yield* forged("x.y.example.", "A", bare, { policy: from, fetch })
        assert.strictEqual(reason(missing), "WildcardUnproven")
        assert.strictEqual(reason(yield* forged("x.y.example.", "A", bare, { policy: from })), "SignatureMissing")
      })
    )
  }
})

describe("RSA/SHA-1 that the operator has turned off", () => {
  it.effect("is not taken beside a better algorithm, either", () =>
    Effect.gen(function* () {
      const old = SigningKey.generate({ role: "zone", algorithm: 5 })
      const zone = signSync(zoneOf(), { keys: [key, old], now })
      const from = policyOf([zone])
      const only =
        (algorithm: number) =>
        ({ answers }: Message.Message) => ({
          answers: answers.filter((record) => record.type !== "RRSIG" || record.data.algorithm === algorithm)
        })
      assert.strictEqual((yield* forged("a.example.", "A", only(5), { policy: from })).status, "secure")
      assert.strictEqual((yield* forged("a.example.", "A", only(5), { policy: from, sha1: false })).status, "bogus")
      assert.strictEqual((yield* forged("a.example.", "A", only(13), { policy: from, sha1: false })).status, "secure")
    })
  )
})

describe("work that leads nowhere counts", () => {
  it("keys that are no keys end in TooMuchWork, as signatures that do not hold do", () => {
    // Points that are not on the curve: each is a key of its own that has to be looked at.
    const keys = Array.from({ length: 400 }, (_, i) => {
      const rdata = Uint8Array.from(key.dnskey.rdata)
      rdata.set([i >> 8, i & 255, 7, 7], 10)
      return Dnskey.read(rdata)!
    })
    const set = signed.nodes.get("\x01a\x07example\0")!.sets.get(types.A)!
    const head = Rrsig.read(ResourceRecord.dataOctets(signatureBy("example.", set.records[0]!)))!
    const signatures = keys.map(({ tag }) => ({ ...head, keyTag: tag }))
    const budget = new Budget()
    const found = verify(set, signatures, { zone: signed.origin, keys, now, budget })
    assert.strictEqual("reason" in found && found.reason, "TooMuchWork")
  })
})
