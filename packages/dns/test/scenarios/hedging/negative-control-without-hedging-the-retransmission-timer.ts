// negative control: without hedging the retransmission timer is waited for
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { longest } from "./support.ts"

export default Effect.gen(function* () {
  const { most } = yield* longest(0)
  assert.isTrue(most >= 50, `${most} ms`)
})
