// a failure is kept for a second, then two: broken servers are not hammered (section 3.2)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 2 }) }] })
  const ask = Scene.fails(scene.dns.resolve("x.example", "A"))
  yield* ask
  yield* ask
  assert.strictEqual(scene.asked.length, 1)
  yield* Scene.rest("1 seconds")
  yield* ask
  assert.strictEqual(scene.asked.length, 2)
  yield* Scene.rest("1 seconds")
  yield* ask
  assert.strictEqual(scene.asked.length, 2, "the second failure is kept for two seconds")
  yield* Scene.rest("2 seconds")
  yield* ask
  assert.strictEqual(scene.asked.length, 3)
})
