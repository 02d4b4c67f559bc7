// negative control: without it someone waits
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { hot } from "./support.ts"

export default Effect.gen(function* () {
  const { elapsed } = yield* hot(false)
  assert.isTrue(elapsed > 0)
})
