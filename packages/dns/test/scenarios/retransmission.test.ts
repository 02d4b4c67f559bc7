/** A question that is not answered is asked again, elsewhere, for as long as the caller was promised (RFC 1035 section 7.2). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../support/Scene.ts"
import { a } from "../support/ScriptedServer.ts"

const found: Scene.Script = (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] }) }]
const silent: Scene.Script = () => []

describe("RFC 1035 section 7.2: sending again", () => {
  it.effect("a lost answer costs one retransmission timer, not the whole timeout", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": (asked) => (asked.index === 0 ? [] : found(asked)) })
      const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.isTrue(elapsed < 500, `${elapsed} ms`)
      assert.strictEqual(scene.asked.length, 2)
      assert.notStrictEqual(scene.asked[0]!.octets.subarray(0, 2), scene.asked[1]!.octets.subarray(0, 2))
    })
  )

  it.effect("a silent server is left for the next one", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": silent, "192.0.2.2": found })
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.server, "192.0.2.2:53")
      assert.deepStrictEqual(
        scene.asked.map((one) => one.server),
        ["192.0.2.1", "192.0.2.2"]
      )
    })
  )

  it.effect("an answer that comes after the next try was sent is as good as one to the last", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          { after: 450, message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] }) }
        ],
        "192.0.2.2": silent
      })
      const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.server, "192.0.2.1:53")
      assert.isTrue(elapsed >= 450 && elapsed < 500, `${elapsed} ms`)
    })
  )

  it.effect("when nobody answers it fails with a timeout after timeout times attempts, and nothing is left over", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make(
        { "192.0.2.1": silent, "192.0.2.2": silent },
        { timeout: "2 seconds", attempts: 2 }
      )
      const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.reason, "Timeout")
      assert.isTrue(elapsed >= 3_990 && elapsed <= 4_020, `${elapsed} ms`)
      assert.strictEqual(scene.held(), 0)
      assert.isTrue(scene.asked.length <= 12)
      // Each round waits twice as long as the one before it.
      const first = scene.asked.filter((one) => one.server === "192.0.2.1").map((one) => one.at)
      assert.isTrue(first[2]! - first[1]! > 1.5 * (first[1]! - first[0]!), first.join(" "))
    })
  )

  it.effect("interruption stops sending at once and frees the id", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": silent })
      yield* Scene.timed(Effect.timeoutOption(scene.dns.resolve("x.example", "A"), "100 millis"))
      assert.strictEqual(scene.held(), 0)
      const sent = scene.asked.length
      yield* Scene.timed(Effect.sleep("20 seconds"))
      assert.strictEqual(scene.asked.length, sent)
      assert.strictEqual((yield* scene.dns.stats).extra["outstanding"], 0)
    })
  )

  it.effect("an unreachable server costs no time where there is another", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": () => [{ unreachable: "ECONNREFUSED" }], "192.0.2.2": found })
      const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.isTrue(elapsed < 10, `${elapsed} ms`)
    })
  )

  it.effect("an ICMP error alone ends nothing: the answer behind it is waited for", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [{ unreachable: "ECONNREFUSED" }, { ...found(asked)[0]!, after: 40 }]
      })
      const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.isTrue(elapsed >= 40 && elapsed < 60, `${elapsed} ms`)
    })
  )

  it.effect("when all servers are unreachable it fails long before the end of its life", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": () => [{ unreachable: "ECONNREFUSED" }] })
      const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.code, "ECONNREFUSED")
      assert.isTrue(elapsed < 1_000, `${elapsed} ms`)
    })
  )
})
