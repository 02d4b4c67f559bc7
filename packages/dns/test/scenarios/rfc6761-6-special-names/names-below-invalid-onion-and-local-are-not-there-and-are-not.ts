// names below invalid, onion and local are not there, and are not asked for
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { lookup, none } from "./support.ts"

export default ["x.invalid", "x.onion", "printer.local"].map(
  (name) =>
    [
      `${name} is not there, and is not asked for`,
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": none })
        const { value } = yield* Scene.fails(lookup(scene, name))
        assert.isTrue(value._tag === "LookupError" && value.reason === "NotFound")
        assert.strictEqual(scene.asked.length, 0)
      })
    ] as const
)
