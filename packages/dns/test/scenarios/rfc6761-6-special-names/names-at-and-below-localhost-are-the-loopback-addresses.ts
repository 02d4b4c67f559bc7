// names at and below localhost are the loopback addresses, and are not asked for
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { lookup, none } from "./support.ts"

export default ["localhost", "LOCALHOST.", "a.localhost"].map(
  (name) =>
    [
      `${name} is the loopback addresses, and is not asked for`,
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": none }, { order: false })
        const { value } = yield* Scene.passes(lookup(scene, name))
        assert.deepStrictEqual(value, ["::1", "127.0.0.1"])
        assert.strictEqual(scene.asked.length, 0)
      })
    ] as const
)
