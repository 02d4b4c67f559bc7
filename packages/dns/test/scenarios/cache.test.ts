/** What is known is not asked again: RFC 2308, 8020, 8767, 9520 and RFC 2181 section 8, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { QueryRecords } from "@handoff/core"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Scene from "../support/Scene.ts"
import { a, cname, soa } from "../support/ScriptedServer.ts"

const found =
  (ttl: number): Scene.Script =>
  (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, `192.0.2.${asked.index + 1}`, ttl)] }) }]
const rest = (time: `${number} seconds`) => TestClock.adjust(time)
const first = (answer: { readonly records: ReadonlyArray<{ readonly data: unknown }> }): string =>
  (answer.records[0]!.data as { readonly address: string }).address

describe("RFC 1035 section 7.4: using the cache", () => {
  it.effect("an answer is kept for its TTL and not longer, and its TTL runs down", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found(30) }, { cache: { staleFor: 0 } })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("20 seconds")
      const { value } = yield* Scene.passes(scene.dns.run(new QueryRecords({ name: "X.Example.", type: "A" })))
      assert.strictEqual(value.ttl, 10)
      assert.strictEqual(scene.asked.length, 1)
      yield* rest("11 seconds")
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(scene.asked.length, 2)
    })
  )

  it.effect("negative control: without a cache every question is asked", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found(30) }, { cache: { maxOctets: 0 } })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(scene.asked.length, 2)
    })
  )

  it.effect("a TTL of zero is for now only; one with the top bit set counts as zero (RFC 2181 section 8)", () =>
    Effect.gen(function* () {
      for (const ttl of [0, 0x80000001]) {
        const scene = yield* Scene.make({ "192.0.2.1": found(ttl) }, { cache: { staleFor: 0 } })
        yield* Scene.passes(scene.dns.resolve("x.example", "A"))
        yield* Scene.passes(scene.dns.resolve("x.example", "A"))
        assert.strictEqual(scene.asked.length, 2)
      }
    })
  )

  it.effect("TTLs are held between their limits", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make(
        { "192.0.2.1": (asked) => found(asked.name === "short.example." ? 1 : 1_000_000)(asked) },
        { cache: { minTtl: "60 seconds", maxTtl: "100 seconds", staleFor: 0, prefetch: false } }
      )
      yield* Scene.passes(scene.dns.resolve("short.example", "A"))
      yield* Scene.passes(scene.dns.resolve("long.example", "A"))
      yield* rest("50 seconds")
      yield* Scene.passes(scene.dns.resolve("short.example", "A"))
      assert.strictEqual(scene.asked.length, 2)
      yield* rest("51 seconds")
      yield* Scene.passes(scene.dns.resolve("long.example", "A"))
      assert.strictEqual(scene.asked.length, 3)
    })
  )

  it.effect("views are kept apart: DO, CD and the client's network", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found(60) })
      const views = [{}, { dnssecOk: true }, { checkingDisabled: true }, { clientSubnet: "198.51.100.0/24" }]
      for (const view of [...views, ...views]) yield* Scene.passes(scene.dns.resolve("x.example", "A", view))
      assert.strictEqual(scene.asked.length, 4)
      assert.strictEqual(scene.asked[1]!.message.edns!.dnssecOk, true)
      assert.strictEqual(scene.asked[2]!.message.checkingDisabled, true)
      const octets = Buffer.from(scene.asked[3]!.octets).toString("hex")
      assert.include(octets, "0008000700011800c63364", "family 1, 24 bits, scope 0, three octets")
    })
  )

  it.effect("memory is bounded by octets, and what is used stays", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found(3_600) }, { cache: { maxOctets: 40_000 } })
      yield* Scene.passes(scene.dns.resolve("much-used.example", "A"))
      for (let i = 0; i < 200; i++) {
        yield* Scene.passes(scene.dns.resolve(`n${i}.example`, "A"))
        yield* Scene.passes(scene.dns.resolve("much-used.example", "A"))
      }
      const stats = scene.dns.resolver.cache.stats()
      assert.isTrue(stats.octets <= 40_000, `${stats.octets} octets`)
      assert.isTrue(stats.evicted > 100)
      assert.strictEqual(scene.asked.filter((one) => one.name === "much-used.example.").length, 1)
    })
  )
})

describe("RFC 2308: negative answers", () => {
  const negative =
    (rcode: number, minimum: number, ttl: number): Scene.Script =>
    (asked) => [{ message: Scene.reply(asked, { rcode, authorities: [soa("example", minimum, ttl)] }) }]

  it.effect("no such record is kept per type, for the lesser of the SOA's TTL and its minimum (section 5)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": negative(0, 20, 600) })
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.deepStrictEqual([value.kind, value.ttl], ["no record", 20])
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(scene.asked.length, 1)
      yield* Scene.passes(scene.dns.resolve("x.example", "AAAA"))
      assert.strictEqual(scene.asked.length, 2)
      yield* rest("21 seconds")
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(scene.asked.length, 3)
    })
  )

  it.effect("no such name is kept for all types, and for all names below (RFC 8020)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": negative(3, 60, 60) })
      yield* Scene.passes(scene.dns.resolve("gone.example", "A"))
      for (const name of ["gone.example", "a.gone.example", "b.a.gone.example"]) {
        const { value } = yield* Scene.passes(scene.dns.resolve(name, "TXT"))
        assert.strictEqual(value.kind, "no name")
      }
      assert.strictEqual(scene.asked.length, 1)
      yield* Scene.passes(scene.dns.resolve("begone.example", "A"))
      assert.strictEqual(scene.asked.length, 2, "a name that only ends in the same letters is another")
    })
  )

  it.effect("that an alias's target is not there says nothing of the names below the alias", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) =>
          asked.name === "www.example."
            ? [
                {
                  message: Scene.reply(asked, {
                    rcode: 3,
                    answers: [cname("www.example", "gone.example")],
                    authorities: [soa("example")]
                  })
                }
              ]
            : found(60)(asked)
      })
      yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      const { value } = yield* Scene.passes(scene.dns.resolve("a.www.example", "A"))
      assert.strictEqual(value.kind, "records")
    })
  )

  it.effect("without an SOA it is not kept", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 3 }) }] })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(scene.asked.length, 2)
    })
  )

  it.effect("the SOA of another zone is no proof", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 3, authorities: [soa("elsewhere.test")] }) }]
      })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.isUndefined(scene.dns.resolver.cached("x.example", "A", undefined))
    })
  )
})

describe("RFC 8767: stale answers", () => {
  const dies =
    (ttl: number): Scene.Script =>
    (asked) =>
      asked.index === 0 ? found(ttl)(asked) : []

  it.effect("when no server answers, the old answer is served after 1.8 seconds, with a TTL of 30", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": dies(10) })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("60 seconds")
      const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.deepStrictEqual([first(value), value.stale, value.ttl], ["192.0.2.1", true, 30])
      assert.isTrue(elapsed >= 1_800 && elapsed < 1_820, `${elapsed} ms`)
      // Once the servers have failed, for half a minute the old answer comes at once (section 5).
      yield* rest("20 seconds")
      const again = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.isTrue(again.value.stale && again.elapsed === 0)
    })
  )

  it.effect("a server that fails gives the old answer at once", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => (asked.index === 0 ? found(10)(asked) : [{ message: Scene.reply(asked, { rcode: 2 }) }])
      })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("60 seconds")
      const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.isTrue(value.stale && elapsed < 10)
    })
  )

  it.effect("a fresh answer in time is preferred", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [Object.assign({}, found(10)(asked)[0], { after: asked.index === 0 ? 1 : 300 })]
      })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("60 seconds")
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.deepStrictEqual([first(value), value.stale], ["192.0.2.2", false])
    })
  )

  it.effect("negative control: with `staleFor` 0 the failure is told", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": dies(10) }, { cache: { staleFor: 0 } })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("60 seconds")
      const { value } = yield* Scene.fails(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.reason, "Timeout")
    })
  )
})

describe("RFC 9520: failures", () => {
  it.effect("a failure is kept for a second, then two: broken servers are not hammered (section 3.2)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 2 }) }] })
      const ask = Scene.fails(scene.dns.resolve("x.example", "A"))
      yield* ask
      yield* ask
      assert.strictEqual(scene.asked.length, 1)
      yield* rest("1 seconds")
      yield* ask
      assert.strictEqual(scene.asked.length, 2)
      yield* rest("1 seconds")
      yield* ask
      assert.strictEqual(scene.asked.length, 2, "the second failure is kept for two seconds")
      yield* rest("2 seconds")
      yield* ask
      assert.strictEqual(scene.asked.length, 3)
    })
  )
})

describe("prefetch", () => {
  const hot = (prefetch: boolean) =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found(100) }, { cache: { prefetch } })
      for (let i = 0; i < 5; i++) yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("95 seconds")
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      yield* rest("10 seconds")
      const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      return { elapsed, questions: scene.asked.length }
    })

  it.effect("a much used name is fetched anew in the last tenth of its TTL, so nobody waits for it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* hot(true), { elapsed: 0, questions: 2 })
    })
  )

  it.effect("negative control: without it someone waits", () =>
    Effect.gen(function* () {
      const { elapsed } = yield* hot(false)
      assert.isTrue(elapsed > 0)
    })
  )
})
