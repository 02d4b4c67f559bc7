// without an SOA it is not kept
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 3 }) }] })
  yield* Scene.passes(scene.dns.resolve("x.negative.example", "A"))
  yield* Scene.passes(scene.dns.resolve("x.negative.example", "A"))
  assert.strictEqual(scene.asked.length, 2)
})
