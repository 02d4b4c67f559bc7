// what of both families is waited for, and for how long
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { families, lookup, cases } from "./support.ts"

export default cases.map(
  ([name, four, six, expected, inTime]) =>
    [
      name,
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": families(four, six) }, { order: false })
        const { elapsed, value } = yield* Scene.passes(
          lookup(scene, six.reply === "none" ? "four.families.example" : "x.families.example")
        )
        assert.deepStrictEqual(value, expected)
        assert.isTrue(inTime(elapsed), `${elapsed} ms`)
      })
    ] as const
)
