// an answer later than the server's usual p95 is overtaken by a second question
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { longest } from "./support.ts"

export default Effect.gen(function* () {
  const { most, scene } = yield* longest(0.05)
  assert.isTrue(most < 40, `${most} ms`)
  assert.strictEqual(scene.dns.resolver.counters.hedges > 0, true)
})
