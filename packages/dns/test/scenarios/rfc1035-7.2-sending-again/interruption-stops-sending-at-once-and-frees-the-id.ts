// interruption stops sending at once and frees the id
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { silent } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": silent })
  yield* Scene.timed(Effect.timeoutOption(scene.dns.resolve("x.again.example", "A"), "100 millis"))
  assert.strictEqual(scene.held(), 0)
  const sent = scene.asked.length
  yield* Scene.timed(Effect.sleep("20 seconds"))
  assert.strictEqual(scene.asked.length, sent)
  assert.strictEqual((yield* scene.dns.stats).extra["outstanding"], 0)
})
