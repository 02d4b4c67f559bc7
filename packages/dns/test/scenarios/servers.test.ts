/** Which server is asked: the quickest, with a look at the others; broken ones not for a while (RFC 9520 section 3.2). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../support/Scene.ts"
import { a } from "../support/ScriptedServer.ts"

const after =
  (millis: number): Scene.Script =>
  (asked) => [{ after: millis, message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7", 0)] }) }]
const rcode =
  (rcode: number): Scene.Script =>
  (asked) => [{ message: Scene.reply(asked, { rcode }) }]

const ask = (scene: Scene.Scene, count: number) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    for (let i = 0; i < count; i++) {
      times.push((yield* Scene.passes(scene.dns.resolve(`n${i}-${scene.asked.length}.example`, "A"))).elapsed)
    }
    return times
  })

const share = (scene: Scene.Scene, server: string): number =>
  scene.asked.filter((one) => one.server === server).length / scene.asked.length

describe("choice of servers", () => {
  it.effect("the quickest server gets nearly all questions, whatever its place in the list", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": after(80), "192.0.2.2": after(5), "192.0.2.3": after(40) })
      yield* ask(scene, 300)
      assert.isTrue(share(scene, "192.0.2.2") > 0.8, `${share(scene, "192.0.2.2")}`)
      assert.isTrue(share(scene, "192.0.2.1") > 0, "the others are looked at")
    })
  )

  it.effect("with `rotate` all servers share the questions", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": after(80), "192.0.2.2": after(5) }, { rotate: true })
      yield* ask(scene, 100)
      assert.isTrue(share(scene, "192.0.2.1") > 0.4, `${share(scene, "192.0.2.1")}`)
    })
  )

  for (const [word, code] of [
    ["SERVFAIL", 2],
    ["NOTIMP", 4],
    ["REFUSED", 5],
    ["NOTAUTH", 9]
  ] as const) {
    it.effect(`${word} moves on at once`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": rcode(code), "192.0.2.2": after(1) })
        const [elapsed] = yield* ask(scene, 1)
        assert.isTrue(elapsed! < 10, `${elapsed} ms`)
      })
    )
  }

  it.effect("a lame server, that neither knows nor asks others, is passed over", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { recursionAvailable: false }) }],
        "192.0.2.2": after(1)
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.server, "192.0.2.2:53")
    })
  )

  it.effect("when every server fails the failure is told, not a timeout", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": rcode(5), "192.0.2.2": rcode(2) })
      const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("x.example", "A"))
      assert.deepStrictEqual([value.reason, value.code], ["ServerFailure", "SERVFAIL"])
      assert.isTrue(elapsed < 10, `${elapsed} ms`)
    })
  )

  it.effect("a server's own words for its failure are handed on (RFC 8914)", () =>
    Effect.gen(function* () {
      const edns = {
        udpPayloadOctets: 1232,
        version: 0,
        dnssecOk: false,
        reservedFlags: 0,
        options: [
          {
            option: "EDE",
            data: { infoCode: 22, extraText: new TextEncoder().encode("timeout at 192.0.2.9") }
          } as const
        ]
      }
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          {
            message: Scene.reply(asked, {
              rcode: asked.name === "x.example." ? 2 : 0,
              edns,
              answers: asked.name === "x.example." ? [] : [a(asked.name, "192.0.2.7")]
            })
          }
        ]
      })
      const { value } = yield* Scene.fails(scene.dns.resolve("x.example", "A"))
      assert.include(value.detail, "EDE 22 No Reachable Authority: timeout at 192.0.2.9")
      const found = yield* Scene.passes(scene.dns.resolve("y.example", "A"))
      assert.deepStrictEqual(found.value.extendedErrors, [{ code: 22, text: "timeout at 192.0.2.9" }])
    })
  )

  it.effect("a dead server rests: only a few questions ever wait for it", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": () => [], "192.0.2.2": after(5), "192.0.2.3": after(6) })
      const times = yield* ask(scene, 400)
      const slow = times.filter((elapsed) => elapsed > 50).length
      assert.isTrue(slow <= 6, `${slow} of 400 waited`)
    })
  )

  it.effect("a server that comes back is used again after its rest", () =>
    Effect.gen(function* () {
      let alive = false
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => (alive ? after(1)(asked) : []),
        "192.0.2.2": after(30)
      })
      yield* ask(scene, 20)
      alive = true
      yield* Scene.timed(Effect.sleep("5 seconds"))
      const before = scene.asked.length
      yield* ask(scene, 100)
      const later = scene.asked.slice(before).filter((one) => one.server === "192.0.2.1").length
      assert.isTrue(later > 50, `${later} of 100`)
    })
  )
})

describe("hedging", () => {
  const slowOnce = (millis: number): Scene.Script => {
    return (asked) => after(asked.index === 30 ? millis : 5)(asked)
  }

  const longest = (hedgeShare: number) =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": slowOnce(400), "192.0.2.2": after(8) }, { hedgeShare })
      const times = yield* ask(scene, 40)
      return { scene, most: Math.max(...times) }
    })

  it.effect("an answer later than the server's usual p95 is overtaken by a second question", () =>
    Effect.gen(function* () {
      const { most, scene } = yield* longest(0.05)
      assert.isTrue(most < 40, `${most} ms`)
      assert.strictEqual(scene.dns.resolver.counters.hedges > 0, true)
    })
  )

  it.effect("negative control: without hedging the retransmission timer is waited for", () =>
    Effect.gen(function* () {
      const { most } = yield* longest(0)
      assert.isTrue(most >= 50, `${most} ms`)
    })
  )

  it.effect("hedges stay under their stated share even when every answer is late", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make(
        { "192.0.2.1": (asked) => after(asked.index < 20 ? 5 : 45)(asked), "192.0.2.2": after(60) },
        { hedgeShare: 0.05 }
      )
      yield* ask(scene, 300)
      const { hedges, questions } = scene.dns.resolver.counters
      assert.isTrue(hedges <= 1 + 0.05 * questions, `${hedges} hedges of ${questions} questions`)
    })
  )
})
