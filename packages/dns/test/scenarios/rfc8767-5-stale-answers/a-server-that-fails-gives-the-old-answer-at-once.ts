// a server that fails gives the old answer at once
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => (asked.index === 0 ? found(10)(asked) : [{ message: Scene.reply(asked, { rcode: 2 }) }])
  })
  yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  yield* Scene.rest("60 seconds")
  const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  assert.isTrue(value.stale && elapsed < 10)
})
