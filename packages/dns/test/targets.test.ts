/** How targets are picked, as their RFCs say; with the lots drawn by us. */
import { assert, describe, it } from "@effect/vitest"
import { Bulk, CacheStore, Dns, Mx, Naptr, Srv, Svcb, ZoneCut } from "@handoff/dns"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { KeyValueStore, layerMemory } from "effect/persistence/KeyValueStore"
import { TestClock } from "effect/testing"
import * as Scene from "./support/Scene.ts"
import { a, soa } from "./support/ScriptedServer.ts"

const draws = (...lots: ReadonlyArray<number>) => {
  let at = 0
  return () => lots[at++ % lots.length]!
}

describe("RFC 2782: SRV", () => {
  const target = (host: string, priority: number, weight: number) => ({ host, port: 1, priority, weight })

  it("lower priority comes first, whatever the lots", () => {
    const order = Srv.order([target("b", 2, 100), target("a", 1, 0)], draws(0.99))
    assert.deepStrictEqual(
      order.map(({ host }) => host),
      ["a", "b"]
    )
  })

  it("within a priority a target is first as often as its weight says", () => {
    let first = 0
    for (let i = 0; i < 10_000; i++) {
      if (Srv.order([target("a", 1, 75), target("b", 1, 25)])[0]!.host === "a") first++
    }
    assert.isTrue(first > 7_200 && first < 7_800, `${first} of 10,000`)
  })

  it("weight 0 has a small chance beside others, and every order is a permutation", () => {
    let first = 0
    for (let i = 0; i < 10_000; i++) {
      const order = Srv.order([target("a", 1, 99), target("zero", 1, 0)])
      assert.strictEqual(order.length, 2)
      if (order[0]!.host === "zero") first++
    }
    assert.isTrue(first > 40 && first < 200, `${first} of 10,000`)
  })
})

describe("RFC 5321 section 5.1: MX", () => {
  it("lower preference first, equal ones by lot", () => {
    const exchanges = [
      { host: "c", preference: 20 },
      { host: "a", preference: 10 },
      { host: "b", preference: 10 }
    ]
    assert.deepStrictEqual(
      Mx.order(exchanges, draws(0.5, 0.9, 0.1)).map(({ host }) => host),
      ["b", "a", "c"]
    )
    assert.deepStrictEqual(
      Mx.order(exchanges, draws(0.5, 0.1, 0.9)).map(({ host }) => host),
      ["a", "b", "c"]
    )
  })
})

describe("RFC 3402: NAPTR", () => {
  const rule = (regexp: string, replacement = ".") => ({
    order: 1,
    preference: 1,
    flags: "U",
    service: "",
    regexp,
    replacement
  })
  const cases: ReadonlyArray<readonly [string, ReturnType<typeof rule>, string, string | undefined]> = [
    ["a group goes where \\1 stands", rule("!^\\+44(.*)$!sip:\\1@example.org!"), "+442079", "sip:2079@example.org"],
    ["the flag i ignores case", rule("!^ABC$!found!i"), "abc", "found"],
    ["without it case counts", rule("!^ABC$!found!"), "abc", undefined],
    ["an escaped delimiter is itself", rule("!a\\!b!x!"), "a!b", "x"],
    ["a replacement needs no regexp", rule("", "next.example."), "any", "next.example."],
    ["a regexp that is none does not match", rule("!(!x!"), "(", undefined],
    ["several repetitions match what is short", rule("!^sip:(.*)@(.*)$!\\1 at \\2!"), "sip:me@there", "me at there"],
    ["repetitions that are escaped or in brackets are none", rule("!^\\+[+*?{|]+$!x!"), "+".repeat(200), "x"],
    ["one that could run for ages is refused", rule("!^(a+)+$!x!"), "a".repeat(40), undefined],
    ["so is one that repeats much in a row", rule(`!^${".*".repeat(80)}x$!x!`), "+4930123456", undefined],
    ["and one that branches much", rule(`!^${"(|)".repeat(60)}x$!x!`), "+4930123456", undefined],
    ["and one that hides it behind brackets", rule("![^](a*)*b]!x!"), "a".repeat(40), undefined]
  ]
  for (const [name, given, subject, expected] of cases) {
    it(name, () => {
      assert.strictEqual(Naptr.apply(given, subject), expected)
    })
  }
})

describe("RFC 9460: SVCB", () => {
  it("a service at another port has its records at a name of its own (section 9.1)", () => {
    assert.strictEqual(Svcb.nameOf("example.org", { scheme: "https" }), "example.org")
    assert.strictEqual(Svcb.nameOf("example.org", { scheme: "https", port: 8443 }), "_8443._https.example.org")
    assert.strictEqual(Svcb.nameOf("example.org", { scheme: "dns", port: 53 }), "_53._dns.example.org")
  })
})

describe("Bulk", () => {
  const answers: Scene.Script = (asked) => [
    { after: 10, message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] }) }
  ]
  const names = (count: number) => Stream.map(Stream.range(1, count), (i) => ({ name: `n${i}.example` }))

  it.effect("takes no more than its concurrency, and gives every completion once", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": answers })
      let most = 0
      const seen = new Set<string>()
      const run = Stream.runForEach(Bulk.resolve(scene.dns, names(500), { concurrency: 20 }), ({ question }) =>
        Effect.sync(() => {
          most = Math.max(most, scene.held())
          seen.add(question.name)
        })
      )
      yield* Scene.passes(run)
      assert.strictEqual(seen.size, 500)
      assert.isTrue(most <= 20, `${most} in flight`)
    })
  )

  for (const options of [{ rate: 100 }, { ratePerServer: 50 }]) {
    it.effect(`keeps its rate: ${JSON.stringify(options)}, over two servers`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": answers, "192.0.2.2": answers }, { rotate: true })
        const { elapsed } = yield* Scene.passes(Stream.runDrain(Bulk.resolve(scene.dns, names(200), options)))
        assert.isTrue(elapsed > 1_800 && elapsed < 2_600, `${elapsed} ms for 200 questions`)
      })
    )
  }

  it.effect("a rate per server is shared out: the quickest server alone would not do", () =>
    Effect.gen(function* () {
      const after =
        (millis: number): Scene.Script =>
        (asked) =>
          answers(asked).map((sent) => Object.assign(sent, { after: millis }))
      const scene = yield* Scene.make({ "192.0.2.1": after(5), "192.0.2.2": after(30), "192.0.2.3": after(60) })
      const run = Stream.runCollect(Bulk.resolve(scene.dns, names(600), { ratePerServer: 10 }))
      const { elapsed, value } = yield* Scene.passes(run)
      assert.strictEqual(value.filter(({ result }) => "records" in result).length, 600)
      assert.isTrue(elapsed > 18_000 && elapsed < 24_000, `${elapsed} ms for 600 questions`)
      for (const server of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
        const times = scene.asked.filter((one) => one.server === server).map((one) => one.at)
        const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length))
        assert.isTrue(busiest <= 11, `${server} was asked ${busiest} times in a second`)
      }
    })
  )

  for (const options of [{ rate: 0 }, { rate: Number.NaN }, { ratePerServer: -1 }, { concurrency: 0 }]) {
    it.effect(`says at once that ${JSON.stringify(options)} would never begin`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": answers })
        const exit = yield* Effect.exit(Stream.runDrain(Bulk.resolve(scene.dns, names(1), options)))
        const [name] = Object.keys(options)
        assert.isTrue(Exit.isFailure(exit))
        assert.include(
          String(Exit.isFailure(exit) && Cause.squash(exit.cause)),
          `RangeError: Bulk.resolve: ${name} is more than 0`
        )
      })
    )
  }

  it.effect("a rate per server ends with the run", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": answers })
      yield* Scene.passes(Stream.runDrain(Bulk.resolve(scene.dns, names(10), { ratePerServer: 10 })))
      const others = Array.from({ length: 50 }, (_, i) => `other${i}.example`)
      const { elapsed } = yield* Scene.passes(
        Effect.forEach(others, (name) => scene.dns.resolve(name, "A"), { concurrency: "unbounded" })
      )
      assert.isTrue(elapsed < 50, `${elapsed} ms`)
    })
  )

  it.effect("rates per server of runs at the same time end with the last of them, whichever began first", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": answers })
      const run = (prefix: string, count: number, ratePerServer: number) => {
        const questions = Stream.map(Stream.range(1, count), (i) => ({ name: `${prefix}${i}.example` }))
        return Stream.runDrain(Bulk.resolve(scene.dns, questions, { ratePerServer }))
      }
      yield* Scene.passes(Effect.all([run("a", 5, 20), run("b", 30, 40)], { concurrency: "unbounded" }))
      const others = Array.from({ length: 50 }, (_, i) => `other${i}.example`)
      const { elapsed } = yield* Scene.passes(
        Effect.forEach(others, (name) => scene.dns.resolve(name, "A"), { concurrency: "unbounded" })
      )
      assert.isTrue(elapsed < 50, `${elapsed} ms`)
    })
  )

  it.effect("a question whose turn would come after its life ends in its time", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": answers }, { timeout: "1 second", attempts: 1 })
      scene.dns.resolver.pace(0.1)
      yield* Scene.passes(scene.dns.resolve("first.example", "A"))
      const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("second.example", "A"))
      assert.strictEqual(value.code, "ETIMEOUT")
      assert.isTrue(elapsed >= 999 && elapsed <= 1_005, `${elapsed} ms`)
      assert.strictEqual(scene.asked.length, 1)
    })
  )

  it.effect("interrupting it stops everything in flight", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": () => [] })
      yield* Scene.timed(Effect.timeoutOption(Stream.runDrain(Bulk.resolve(scene.dns, names(100))), "50 millis"))
      assert.strictEqual(scene.held(), 0)
      assert.strictEqual(scene.dns.resolver.outstanding, 0)
    })
  )

  it.effect("failures are values, and the stream goes on", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          {
            message: Scene.reply(asked, { rcode: asked.name === "n3.example." ? 2 : 3, authorities: [soa("example")] })
          }
        ]
      })
      const { value } = yield* Scene.passes(Stream.runCollect(Bulk.resolve(scene.dns, names(5))))
      const codes = value.map(({ result }) => result.code).toSorted()
      assert.deepStrictEqual(codes, ["NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "SERVFAIL"])
    })
  )
})

describe("a cache that outlives its process", () => {
  it.effect("what was saved is known to the next resolver, with its TTL run down, until it expires", () =>
    Effect.gen(function* () {
      const found: Scene.Script = (asked) => [
        {
          message: Scene.reply(
            asked,
            asked.type === "A"
              ? { answers: [a(asked.name, "192.0.2.7", 100)] }
              : { rcode: 3, authorities: [soa("example", 100, 100)] }
          )
        }
      ]
      const before = yield* Scene.make({ "192.0.2.1": found })
      yield* Scene.passes(before.dns.resolve("x.example", "A"))
      yield* Scene.passes(before.dns.resolve("x.example", "A", { dnssecOk: true }))
      yield* Scene.passes(before.dns.resolve("gone.example", "MX"))
      yield* CacheStore.save(before.dns)
      yield* TestClock.adjust("40 seconds")
      const after = yield* Scene.make({ "192.0.2.1": found })
      assert.strictEqual(yield* CacheStore.load(after.dns), 3)
      const { value } = yield* Scene.passes(after.dns.resolve("x.example", "A"))
      assert.strictEqual(value.ttlAt(after.dns.resolver.wallMillis()), 60)
      assert.strictEqual((yield* Scene.passes(after.dns.resolve("a.gone.example", "A"))).value.kind, "no name")
      assert.strictEqual(after.asked.length, 0)
      yield* TestClock.adjust("61 seconds")
      yield* Scene.passes(after.dns.resolve("x.example", "A"))
      assert.strictEqual(after.asked.length, 1)
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("a damaged store costs answers, not correctness", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore
      const { dns } = yield* Scene.make({ "192.0.2.1": () => [] })
      const line = (name: string, octets: string) => JSON.stringify(["A", "A", name, 0, "s", "udp", octets])
      const lines = [
        "handoff-dns-cache 1",
        "{",
        "[]",
        "null",
        line("x.example", "AAAA"),
        line("a..b", "AAAA"),
        line("x", "")
      ]
      yield* store.set("@handoff/dns/cache", lines.join("\n"))
      assert.strictEqual(yield* CacheStore.load(dns), 0)
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("ZoneCut", () => {
  it.effect("what is no name is an error like any other", () =>
    Effect.gen(function* () {
      const { dns } = yield* Scene.make({ "192.0.2.1": () => [] })
      assert.strictEqual((yield* Effect.flip(ZoneCut.find(dns, "a..b"))).reason, "BadName")
    })
  )
})

describe("Options", () => {
  it.effect("a server that is none is an error with its words", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Dns.make({ servers: ["ns.example"] }))
      assert.strictEqual(error._tag, "NetAddressError")
    })
  )
})
