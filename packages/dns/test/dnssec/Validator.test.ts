import { assert, describe, it } from "@effect/vitest"
import {
  AggressiveCache,
  Algorithm,
  Dnskey,
  nsec,
  Rrsig,
  SigningKey,
  signSync,
  TrustAnchors,
  typeBitmap
} from "@handoff/dns/dnssec"
import { Message, Name, Question, ResourceRecord } from "@handoff/dns/wire"
import { RRset, text, types, Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { answerOf, judge, policyOf } from "./support/judge.ts"

const now = 1_800_000_000
const key = SigningKey.generate({ role: "single" })
const anchorOf = (zone: string, of: SigningKey.SigningKey) => {
  const name = Name.fromText(zone)
  return RRset.recordOf({ name, type: types.DS, ttl: 300, rdata: Dnskey.dsRdata(name, of.dnskey) })
}
const unsigned = text.zone(
  "example.",
  `$TTL 300
@ SOA ns hostmaster 1 7200 900 1209600 300
@ NS ns
ns A 127.0.0.1
a A 192.0.2.1
m A 192.0.2.2
z A 192.0.2.3
`
)
const signed = signSync(unsigned, { keys: [key], now })

describe("a validator", () => {
  it.effect("says indeterminate when no anchor is above the name", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const verdict = yield* judge(policyOf([signed]), [anchorOf("other.", key)])("a.example.", "A")
      assert.strictEqual(verdict.status, "indeterminate")
    })
  )
  it.effect("takes everything below a negative trust anchor as insecure", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const broken = Zone.make([...signed.records()].filter(({ type }) => type !== "RRSIG"))
      const policy = policyOf([broken])
      assert.strictEqual((yield* judge(policy, [anchorOf("example.", key)])("a.example.", "A")).status, "bogus")
      const negativeAnchors = [Name.fromText("example.")]
      assert.strictEqual(
        (yield* judge(policy, [anchorOf("example.", key)], { negativeAnchors })("a.example.", "A")).status,
        "insecure"
      )
    })
  )
  it.effect("finds an answer that was good bogus when its signature has run out", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const validate = judge(policyOf([signed]), [anchorOf("example.", key)])
      const first = yield* validate("a.example.", "A")
      assert.deepStrictEqual(first, { status: "secure", ttl: 300 })
      yield* TestClock.adjust("15 days")
      const later = yield* validate("a.example.", "A")
      assert.strictEqual(later.status === "bogus" && later.extendedError, 7)
    })
  )
  it.effect("says indeterminate, with why, when the keys cannot be had", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const fetch = () => Effect.fail("the network is gone") as never
      const verdict = yield* judge(policyOf([signed]), [anchorOf("example.", key)], { fetch })("a.example.", "A")
      assert.strictEqual(verdict.status === "indeterminate" && verdict.reason, "Unreachable")
    })
  )
  it.effect("keeps the least time of answer, signature and keys", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const short = signSync(unsigned, { keys: [key], now, expiration: now + 100 })
      const verdict = yield* judge(policyOf([short]), [anchorOf("example.", key)])("a.example.", "A")
      assert.deepStrictEqual(verdict, { status: "secure", ttl: 100 })
    })
  )
})

describe("hostile zones cost bounded work", () => {
  it.effect("many keys with one tag and many signatures (KeyTrap) end in TooMuchWork", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      // Swapping 16 bit words of a key keeps its tag: as many keys as wanted.
      const twins: Array<Dnskey.Dnskey> = []
      const real = key.dnskey.rdata
      for (let i = 0; i < 40; i++) {
        const rdata = Uint8Array.from(real)
        const [a, b] = [4 + 2 * (i % 20), 44 + 2 * (i % 7) + (i > 19 ? 2 : 0)]
        rdata.set(real.subarray(a, a + 2), b)
        rdata.set(real.subarray(b, b + 2), a)
        twins.push(Dnskey.read(rdata)!)
      }
      assert.isTrue(twins.every(({ tag }) => tag === key.dnskey.tag))
      const dnskeys = twins
        .map(({ rdata }) => rdata)
        .map((rdata) => RRset.recordOf({ name: signed.origin, type: types.DNSKEY, ttl: 300, rdata }))
      const set = signed.apex.sets.get(types.DNSKEY)!
      const one = signed.apex.signatures.get(types.DNSKEY)![0]!
      const many = Array.from({ length: 100 }, (_, i) => {
        const rdata = Uint8Array.from(ResourceRecord.dataOctets(one))
        rdata[rdata.length - 1 - (i % 60)]! ^= 1 + i
        return RRset.recordOf({ name: one.name, type: types.RRSIG, ttl: 300, rdata })
      })
      const rest = [...signed.records()].filter((record) => record.type !== "DNSKEY" && record !== one)
      const trap = Zone.make([...rest, ...set.records, ...dnskeys, ...many])
      const start = process.cpuUsage()
      const verdict = yield* judge(policyOf([trap]), [anchorOf("example.", key)])("a.example.", "A")
      assert.strictEqual(verdict.status, "bogus")
      // 8 checks of some 0.1 ms; unbounded it would be 4,100.
      assert.isBelow(process.cpuUsage(start).user, 200_000)
    })
  )
  it.effect("a deep name under a zone of many iterations (NSEC3 bomb) ends in insecure or TooMuchWork", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      for (const iterations of [150, 2_500]) {
        const bomb = signSync(unsigned, { keys: [key], now, denial: "nsec3", nsec3: { iterations } })
        const deep = `${"a.".repeat(110)}example.`
        const policy = policyOf([bomb])
        const validate = judge(policy, [anchorOf("example.", key)])
        const start = process.cpuUsage()
        const question = Question.make(deep, "A")
        const message = answerOf(policy, question)
        const before = process.cpuUsage(start).user
        const verdict = yield* validate.validator.validate(question, message)
        assert.include(["bogus", "insecure"], verdict.status)
        assert.isBelow(process.cpuUsage(start).user - before, 400_000)
      }
    })
  )
  it.effect("any message gives a verdict, whatever was changed in it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const policy = policyOf([signed])
      const validate = judge(policy, [anchorOf("example.", key)])
      const question = Question.make("nope.example.", "A")
      const octets = Message.encode(answerOf(policy, question))
      let seed = 42
      const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below
      const seen = new Map<string, number>()
      for (let i = 0; i < 3_000; i++) {
        const mutated = Uint8Array.from(octets)
        for (let n = random(3); n >= 0; n--) mutated[12 + random(octets.length - 12)] = random(256)
        const message = Message.decode(mutated)
        if (message instanceof Error) continue
        const verdict = yield* validate.validator.validate(question, message)
        seen.set(verdict.status, (seen.get(verdict.status) ?? 0) + 1)
      }
      assert.isAbove(seen.get("bogus") ?? 0, 100)
    })
  )
})

describe("RFC 8198: denials that were proven answer later questions", () => {
  it.effect("a name between the same neighbours is known not to be there, until the TTL is over", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const validate = judge(policyOf([signed]), [anchorOf("example.", key)])
      assert.strictEqual((yield* validate("b.example.", "A")).status, "secure")
      const { denials } = validate.validator
      assert.deepStrictEqual(denials.find(Name.fromText("c.example."), types.A, now + 1), { kind: "noName", ttl: 299 })
      assert.isUndefined(denials.find(Name.fromText("c.example."), types.A, now + 301))
      assert.isUndefined(denials.find(Name.fromText("p.example."), types.A, now + 1))
      assert.deepStrictEqual(denials.find(Name.fromText("a.example."), types.MX, now + 1)?.kind, "noData")
      assert.isUndefined(denials.find(Name.fromText("a.example."), types.A, now + 1))
    })
  )
  it("what is kept is bounded", () => {
    const cache = new AggressiveCache()
    const zone = Name.fromText("example.")
    for (let i = 0; i < 12_000; i++) {
      const rdata = Buffer.concat([Name.fromText(`n${i}x.example.`).octets, typeBitmap.make([1])])
      cache.add(zone, [nsec.read(Name.fromText(`n${i}.example.`), rdata)], 10, 0)
    }
    assert.isAtMost(cache.size, 10_000)
    assert.isAbove(cache.size, 4_000)
  })
})

describe("RFC 5011: anchors roll over", () => {
  const old = SigningKey.generate({ role: "key" })
  const next = SigningKey.generate({ role: "key" })
  const name = Name.fromText("example.")
  const day = 86_400
  const publish = (keys: ReadonlyArray<SigningKey.SigningKey>, at: number) => {
    const zone = signSync(unsigned, { keys, now: at })
    const signatures = zone.apex.signatures
      .get(types.DNSKEY)!
      .map((record) => Rrsig.read(ResourceRecord.dataOctets(record))!)
    return [zone.apex.sets.get(types.DNSKEY)!, signatures] as const
  }
  const states = (anchors: TrustAnchors) =>
    anchors
      .tracked(name)
      .map(({ key, state }) => [
        key.publicKey === old.dnskey.publicKey || Buffer.compare(key.publicKey, old.dnskey.publicKey) === 0
          ? "old"
          : "next",
        state
      ])

  it("a new key counts after thirty days of being signed for, and the revoked one goes", () => {
    const anchors = new TrustAnchors([anchorOf("example.", old)])
    assert.isTrue(anchors.observe(...publish([old], now), now))
    assert.deepStrictEqual(states(anchors), [["old", "Valid"]])
    anchors.observe(...publish([old, next], now + day), now + day)
    assert.deepStrictEqual(states(anchors), [
      ["old", "Valid"],
      ["next", "AddPending"]
    ])
    anchors.observe(...publish([old, next], now + 30 * day), now + 30 * day)
    assert.deepStrictEqual(states(anchors), [
      ["old", "Valid"],
      ["next", "AddPending"]
    ])
    anchors.observe(...publish([old, next], now + 31 * day), now + 31 * day)
    assert.deepStrictEqual(states(anchors), [
      ["old", "Valid"],
      ["next", "Valid"]
    ])
    const revoked = SigningKey.withFlags(old, Dnskey.ZONE | Dnskey.SEP | Dnskey.REVOKE)
    anchors.observe(...publish([revoked, next], now + 40 * day), now + 40 * day)
    assert.deepStrictEqual(states(anchors), [
      ["old", "Revoked"],
      ["next", "Valid"]
    ])
    anchors.observe(...publish([next], now + 71 * day), now + 71 * day)
    assert.deepStrictEqual(states(anchors), [["next", "Valid"]])
    assert.deepStrictEqual(anchors.closest(name)?.keys.length, 1)
  })
  it("a key that is gone for a day waits its thirty days again, and one that nobody vouches for never counts", () => {
    const anchors = new TrustAnchors([anchorOf("example.", old)])
    anchors.observe(...publish([old, next], now), now)
    anchors.observe(...publish([old], now + 20 * day), now + 20 * day)
    assert.deepStrictEqual(states(anchors), [["old", "Valid"]])
    assert.isFalse(anchors.observe(...publish([next], now + 21 * day), now + 21 * day))
    const tracked = anchors.tracked(name)
    anchors.restore(name, tracked)
    assert.deepStrictEqual(anchors.tracked(name), tracked)
  })
})

describe("keys", () => {
  it("every algorithm signs and verifies, and a key of nonsense is none", () => {
    for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
      const { privateKey, publicOctets } = Algorithm.generate(algorithm, 1_024)
      const octets = Buffer.from("to be signed")
      const signature = Algorithm.sign(algorithm, privateKey, octets)
      const publicKey = Algorithm.publicKey(algorithm, publicOctets)!
      assert.isTrue(Algorithm.verify(algorithm, publicKey, octets, signature))
      assert.isFalse(Algorithm.verify(algorithm, publicKey, Buffer.from("other"), signature))
      assert.isUndefined(Algorithm.publicKey(algorithm, publicOctets.subarray(0, 30)))
    }
    assert.isUndefined(Algorithm.publicKey(200, new Uint8Array(64)))
  })
})
