// a silent server is left for the next one
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found, silent } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": silent, "192.0.2.2": found })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.again.example", "A"))
  assert.strictEqual(value.server, "192.0.2.2:53")
  assert.deepStrictEqual(
    scene.asked.map((one) => one.server),
    ["192.0.2.1", "192.0.2.2"]
  )
})
