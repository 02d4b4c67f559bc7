// the search list is walked as glibc walks it
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { walk, cases } from "./support.ts"

export default cases.map(
  ([title, name, ndots, present, expected]) =>
    [
      title,
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* walk(name, ndots, present), expected)
      })
    ] as const
)
