// a fresh answer in time is preferred
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found, first } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [Object.assign({}, found(10)(asked)[0], { after: asked.index === 0 ? 1 : 300 })]
  })
  yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  yield* Scene.rest("60 seconds")
  const { value } = yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  assert.deepStrictEqual([first(value), value.stale], ["192.0.2.7", false])
})
