// an unreachable server costs no time where there is another
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": () => [{ unreachable: "ECONNREFUSED" }], "192.0.2.2": found })
  const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.again.example", "A"))
  assert.isTrue(elapsed < 10, `${elapsed} ms`)
})
