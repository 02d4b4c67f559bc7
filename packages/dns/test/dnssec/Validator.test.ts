import { assert, describe, it } from "@effect/vitest"
import {
  AggressiveCache,
  Algorithm,
  Dnskey,
  followAnchors,
  nsec,
  Rrsig,
  SigningKey,
  type SignOptions,
  signSync,
  TrustAnchors,
  typeBitmap,
  Validator
} from "@handoff/dns/dnssec"
import { Message, Name, Question, Rcode, RecordText, ResourceRecord, Type } from "@handoff/dns/wire"
import { RRset, text, types, Zone } from "@handoff/dns/zone"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { answerOf, dsOf, exampleZone, judge, policyOf } from "./support/judge.ts"

const now = 1_800_000_000
const key = SigningKey.generate({ role: "single" })
const unsigned = exampleZone("z A 192.0.2.3\n")
const signed = signSync(unsigned, { keys: [key], now })

describe("a validator", () => {
  it.effect("says indeterminate when no anchor is above the name", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const verdict = yield* judge(policyOf([signed]), [dsOf("other.", key)])("a.example.", "A")
      assert.strictEqual(verdict.status, "indeterminate")
    })
  )
  it.effect("takes everything below a negative trust anchor as insecure", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const broken = Zone.make([...signed.records()].filter(({ type }) => type !== "RRSIG"))
      const policy = policyOf([broken])
      assert.strictEqual((yield* judge(policy, [dsOf("example.", key)])("a.example.", "A")).status, "bogus")
      const negativeAnchors = [Name.fromText("example.")]
      assert.strictEqual(
        (yield* judge(policy, [dsOf("example.", key)], { negativeAnchors })("a.example.", "A")).status,
        "insecure"
      )
    })
  )
  it.effect("finds an answer that was good bogus when its signature has run out", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const validate = judge(policyOf([signed]), [dsOf("example.", key)])
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
      const verdict = yield* judge(policyOf([signed]), [dsOf("example.", key)], { fetch })("a.example.", "A")
      assert.strictEqual(verdict.status === "indeterminate" && verdict.reason, "Unreachable")
    })
  )
  it.effect("keeps the least time of answer, signature and keys", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const short = signSync(unsigned, { keys: [key], now, expiration: now + 100 })
      const verdict = yield* judge(policyOf([short]), [dsOf("example.", key)])("a.example.", "A")
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
      const verdict = yield* judge(policyOf([trap]), [dsOf("example.", key)])("a.example.", "A")
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
        const validate = judge(policy, [dsOf("example.", key)])
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
      const validate = judge(policy, [dsOf("example.", key)])
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
      const validate = judge(policyOf([signed]), [dsOf("example.", key)])
      assert.strictEqual((yield* validate("b.example.", "A")).status, "secure")
      const { denials } = validate.validator
      assert.deepStrictEqual(denials.find(Name.fromText("c.example."), types.A, now + 1), { kind: "noName", ttl: 299 })
      assert.isUndefined(denials.find(Name.fromText("c.example."), types.A, now + 301))
      assert.isUndefined(denials.find(Name.fromText("p.example."), types.A, now + 1))
      assert.deepStrictEqual(denials.find(Name.fromText("a.example."), types.MX, now + 1)?.kind, "noData")
      assert.isUndefined(denials.find(Name.fromText("a.example."), types.A, now + 1))
    })
  )
  const example = (origin: string, lines: string, options: Partial<SignOptions> = {}) =>
    signSync(text.zone(origin, `$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\n${lines}`), {
      keys: [key],
      now,
      ...options
    })
  for (const denial of ["nsec", "nsec3"] as const) {
    it.effect(`the first example of RFC 8198 3, with ${denial.toUpperCase()}: between albatross and elephant`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now * 1_000)
        const zone = example("example.com.", "albatross A 192.0.2.1\nelephant A 192.0.2.2\nzebra A 192.0.2.3", {
          denial
        })
        const validate = judge(policyOf([zone]), [dsOf("example.com.", key)])
        const { denials } = validate.validator
        const find = (name: string) => denials.find(Name.fromText(name), types.A, now + 1)?.kind
        assert.isUndefined(find("ball.example.com."))
        // With NSEC3 the names between two neighbours are others; enough of them are asked for to have the whole ring.
        for (const name of denial === "nsec"
          ? ["cat"]
          : ["cat", "cow", "bee", "ant", "emu", "elk", "yak", "rat", "pig", "fox"]) {
          assert.strictEqual((yield* validate(`${name}.example.com.`, "A")).status, "secure")
        }
        assert.strictEqual(find("ball.example.com."), "noName")
        assert.strictEqual(find("dog.example.com."), "noName")
        assert.strictEqual(find("x.y.dog.example.com."), "noName")
        assert.isUndefined(find("albatross.example.com."))
        assert.isUndefined(find("zebra.example.com."))
        assert.isUndefined(denials.find(Name.fromText("dog.example.com."), types.A, now + 301))
      })
    )
    it.effect(`the second, with ${denial.toUpperCase()}: what a wildcard has is known for other names`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now * 1_000)
        const lines = "avocado A 192.0.2.1\n* A 192.0.2.2\nzucchini A 192.0.2.3\nsub.fig A 192.0.2.4"
        const zone = example("example.org.", lines, { denial })
        const policy = policyOf([zone])
        const validate = judge(policy, [dsOf("example.org.", key)])
        const { denials } = validate.validator
        const find = (name: string, type: number = types.A) => denials.find(Name.fromText(name), type, now + 1)
        for (const name of ["leek", "kale", "pea", "bean", "corn", "rice", "okra", "beet", "date", "lime"]) {
          assert.strictEqual((yield* validate(`${name}.example.org.`, "A")).status, "secure")
        }
        const found = find("banana.example.org.")
        assert.strictEqual(found?.kind, "wildcard")
        if (found?.kind !== "wildcard") return
        assert.deepStrictEqual(
          found.records.map((record) => RecordText.print(record)),
          ["banana.example.org. 299 IN A 192.0.2.2"]
        )
        // What is there by itself is not the wildcard's to answer, an empty name neither.
        assert.isUndefined(find("avocado.example.org."))
        assert.notStrictEqual(find("fig.example.org.")?.kind, "wildcard")
        assert.notStrictEqual(find("x.fig.example.org.")?.kind, "wildcard")
        assert.notStrictEqual(find("banana.example.org.", types.MX)?.kind, "wildcard")
        assert.isUndefined(denials.find(Name.fromText("banana.example.org."), types.A, now + 301))
      })
    )
    it.effect(`never says other than the zone does, with ${denial.toUpperCase()}, whatever was asked before`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now * 1_000)
        const lines =
          "a.b A 192.0.2.1\n*.b A 192.0.2.2\n*.b MX 1 a.b\nc CNAME a.b\nd.*.b A 192.0.2.3\nsub NS ns.sub\nns.sub A 192.0.2.9\nold DNAME b\nz A 192.0.2.4"
        const zone = example("example.", lines, { denial })
        const policy = policyOf([zone])
        const validate = judge(policy, [dsOf("example.", key)])
        let seed = 5
        const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below
        const labels = ["a", "b", "c", "d", "e", "y", "z", "*", "sub", "old", "ns"]
        let known = 0
        for (let i = 0; i < 2_000; i++) {
          const name = `${Array.from({ length: 1 + random(3) }, () => labels[random(labels.length)]!).join(".")}.example.`
          const type = (["A", "MX", "TXT"] as const)[random(3)]!
          const answer = answerOf(policy, Question.make(name, type))
          const found = validate.validator.denials.find(Name.fromText(name), RRset.codeOf(type), now)
          if (found !== undefined) {
            known++
            assert.isTrue(answer.authoritative, `${name} ${type}`)
            assert.strictEqual(answer.rcode === Rcode.NXDOMAIN, found.kind === "noName", `${name} ${type}`)
            const records = answer.answers.filter((record) => record.type !== "RRSIG")
            const said = found.kind === "wildcard" ? found.records : []
            const print = (list: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
              list.map((record) => RecordText.printData(record)).toSorted()
            assert.deepStrictEqual(print(said), print(records), `${name} ${type}`)
          }
          yield* validate(name, type)
        }
        assert.isAbove(known, 300)
      })
    )
  }
  it.effect("the example of RFC 9077 1: denials of a day are kept for the SOA's 900 seconds", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const soa = "@ 900 SOA primary dnsadmin 1 1800 900 604800 86400\n@ 900 NS primary\nm 900 A 192.0.2.1\n"
      const zone = signSync(text.zone("example.", soa), { keys: [key], now })
      assert.strictEqual(zone.apex.sets.get(types.NSEC)!.ttl, 900)
      const validate = judge(policyOf([zone]), [dsOf("example.", key)])
      yield* validate("b.example.", "A")
      const { denials } = validate.validator
      assert.strictEqual(denials.find(Name.fromText("c.example."), types.A, now)?.ttl, 900)
      assert.isUndefined(denials.find(Name.fromText("c.example."), types.A, now + 901))
    })
  )
  it("NSEC3 that opts out, or with many iterations, is not kept", () => {
    const cache = new AggressiveCache()
    const zone = Name.fromText("example.")
    const record = {
      hash: new Uint8Array(20),
      next: new Uint8Array(20).fill(255),
      salt: new Uint8Array(0),
      has: () => false
    }
    cache.addHashed(zone, [{ ...record, optOut: true, iterations: 0 }], 10, 0)
    cache.addHashed(zone, [{ ...record, optOut: false, iterations: 11 }], 10, 0)
    assert.strictEqual(cache.size, 0)
    cache.addHashed(zone, [{ ...record, optOut: false, iterations: 10 }], 10, 0)
    assert.strictEqual(cache.size, 1)
  })
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

describe("RFC 5011: anchors are followed", () => {
  const first = SigningKey.generate({ role: "key" })
  const second = SigningKey.generate({ role: "key" })
  const zoneKey = SigningKey.generate({ role: "zone" })
  const name = Name.fromText("example.")
  const day = 86_400
  const seconds = Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1_000))

  /** A zone whose owner rolls its key over while a validator with the first key's DS as its only anchor looks on. */
  const scenario = (
    plan: (at: number) => ReadonlyArray<SigningKey.SigningKey> | "unreachable",
    options: { readonly fetches?: Array<number>; readonly stored?: Array<string> } = {}
  ) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now * 1_000)
      const anchors = new TrustAnchors([dsOf("example.", first)])
      const zoneAt = (at: number) => {
        const keys = plan((at - now) / day)
        return keys === "unreachable" ? undefined : signSync(unsigned, { keys: [...keys, zoneKey], now: at })
      }
      const fetch = (_: Name.Name, type: number) =>
        Effect.flatMap(seconds, (at) => {
          if (type === types.DNSKEY) options.fetches?.push(at - now)
          const zone = zoneAt(at)
          return zone === undefined
            ? Effect.fail("unreachable")
            : Effect.succeed(answerOf(policyOf([zone]), Question.make(name, "DNSKEY")))
        })
      yield* followAnchors({
        anchors,
        fetch,
        onChange: (_, tracked) => options.stored?.push(tracked.map(({ state }) => state).join(" "))
      })
      /** How an answer made now is judged by somebody who has only these anchors. */
      const statusNow = Effect.gen(function* () {
        const at = yield* seconds
        const zone = zoneAt(at)
        if (zone === undefined) return "unreachable"
        const policy = policyOf([zone])
        const validator = new Validator({
          anchors,
          fetch: (owner, type) =>
            Effect.sync(() => answerOf(policy, Question.make(owner, Type.nameOf(type) as Question.QuestionType)))
        })
        const question = Question.make("a.example.", "A")
        return (yield* validator.validate(question, answerOf(policy, question))).status
      })
      return { anchors, statusNow }
    })

  const revoked = SigningKey.withFlags(first, Dnskey.ZONE | Dnskey.SEP | Dnskey.REVOKE)
  const rollover = (at: number) =>
    at < 10 ? [first] : at < 45 ? [first, second] : at < 60 ? [revoked, second] : [second]

  it.effect("a key is rolled over in a hundred days without an answer lost", () =>
    Effect.gen(function* () {
      const stored: Array<string> = []
      const { statusNow } = yield* scenario(rollover, { stored })
      for (let at = 0; at < 100; at++) {
        yield* TestClock.adjust("1 day")
        assert.strictEqual(yield* statusNow, "secure", `on day ${at + 1}`)
      }
      assert.deepStrictEqual(stored, [
        "Valid",
        "Valid AddPending",
        "Valid Valid",
        "Revoked Valid",
        // Forgotten thirty days after it was revoked.
        "Valid"
      ])
    }).pipe(Effect.scoped)
  )
  it.effect("a new key that signs alone before its thirty days are over is not trusted", () =>
    Effect.gen(function* () {
      const { statusNow } = yield* scenario((at) => (at < 10 ? [first] : at < 39 ? [first, second] : [second]))
      yield* TestClock.adjust("38 days")
      assert.strictEqual(yield* statusNow, "secure")
      yield* TestClock.adjust("2 days")
      assert.strictEqual(yield* statusNow, "bogus")
      yield* TestClock.adjust("60 days")
      assert.strictEqual(yield* statusNow, "bogus")
    }).pipe(Effect.scoped)
  )
  it.effect("keys are asked for every hour at this TTL, and every hour while they cannot be had", () =>
    Effect.gen(function* () {
      const fetches: Array<number> = []
      yield* scenario((at) => (at >= 1 && at < 2 ? "unreachable" : [first]), { fetches })
      yield* TestClock.adjust("3 days")
      const gaps = fetches.slice(1).map((at, i) => at - fetches[i]!)
      assert.isTrue(gaps.length > 65 && gaps.every((gap) => gap === 3_600), JSON.stringify(gaps))
    }).pipe(Effect.scoped)
  )
  it.effect("nothing is asked after the scope has closed", () =>
    Effect.gen(function* () {
      const fetches: Array<number> = []
      yield* Effect.scoped(
        Effect.andThen(
          scenario(() => [first], { fetches }),
          TestClock.adjust("1 hour")
        )
      )
      const before = fetches.length
      assert.isAbove(before, 0)
      yield* TestClock.adjust("3 days")
      assert.strictEqual(fetches.length, before)
    })
  )
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
    const anchors = new TrustAnchors([dsOf("example.", old)])
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
  it("a DS of a key that is not published yet goes on when another is followed", () => {
    const anchors = new TrustAnchors([dsOf("example.", old), dsOf("example.", next)])
    anchors.observe(...publish([old], now), now)
    assert.strictEqual(anchors.closest(name)?.ds.length, 1)
    anchors.observe(...publish([old, next], now + day), now + day)
    assert.deepStrictEqual(states(anchors), [
      ["old", "Valid"],
      ["next", "Valid"]
    ])
    assert.deepStrictEqual(anchors.closest(name)?.ds, [])
  })
  it("a key that was revoked before a restart is not trusted again for the DS that it began with", () => {
    const anchors = new TrustAnchors([dsOf("example.", old)])
    anchors.restore(name, [
      { key: old.dnskey, state: "Revoked", since: now },
      { key: next.dnskey, state: "Valid", since: now }
    ])
    assert.deepStrictEqual(anchors.closest(name)?.ds, [])
    assert.isFalse(anchors.observe(...publish([old], now + day), now + day))
  })
  it("a key that is gone for a day waits its thirty days again, and one that nobody vouches for never counts", () => {
    const anchors = new TrustAnchors([dsOf("example.", old)])
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
