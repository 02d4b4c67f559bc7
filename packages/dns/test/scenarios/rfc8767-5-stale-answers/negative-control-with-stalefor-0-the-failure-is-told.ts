// negative control: with `staleFor` 0 the failure is told
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { dies } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": dies(10) }, { cache: { staleFor: 0 } })
  yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  yield* Scene.rest("60 seconds")
  const { value } = yield* Scene.fails(scene.dns.resolve("x.stale.example", "A"))
  assert.strictEqual(value.reason, "Timeout")
})
