// negative control: with `maxNegativeTtl` 0 nothing negative is kept
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { noName } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": noName }, { cache: { maxNegativeTtl: 0, staleFor: 0 } })
  yield* Scene.passes(scene.dns.resolve("x.negative.example", "A"))
  yield* Scene.passes(scene.dns.resolve("x.negative.example", "A"))
  assert.strictEqual(scene.asked.length, 2)
})
