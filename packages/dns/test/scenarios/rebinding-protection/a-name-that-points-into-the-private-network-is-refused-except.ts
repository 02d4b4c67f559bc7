// a name that points into the private network is refused, except below the domains named
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { inside } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": inside }, { rebindingProtection: ["corp.rebinding.example"] })
  const { value } = yield* Scene.fails(scene.dns.resolve("evil.rebinding.example", "A"))
  assert.strictEqual(value.code, "EREBIND")
  yield* Scene.passes(scene.dns.resolve("db.corp.rebinding.example", "A"))
})
