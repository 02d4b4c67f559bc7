// a much used name is fetched anew in the last tenth of its TTL, so nobody waits for it
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { hot } from "./support.ts"

export default Effect.gen(function* () {
  assert.deepStrictEqual(yield* hot(true), { elapsed: 0, questions: 2 })
})
