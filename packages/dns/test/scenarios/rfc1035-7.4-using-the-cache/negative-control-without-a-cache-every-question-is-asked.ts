// negative control: without a cache every question is asked
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": found(30) }, { cache: { maxOctets: 0 } })
  yield* Scene.passes(scene.dns.resolve("x.t30.cache.example", "A"))
  yield* Scene.passes(scene.dns.resolve("x.t30.cache.example", "A"))
  assert.strictEqual(scene.asked.length, 2)
})
