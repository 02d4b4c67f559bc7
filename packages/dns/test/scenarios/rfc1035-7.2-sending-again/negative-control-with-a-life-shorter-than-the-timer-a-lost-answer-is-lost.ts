// negative control: with a life shorter than the timer a lost answer is lost
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make(
    { "192.0.2.1": (asked) => (asked.index === 0 ? [] : found(asked)) },
    { timeout: "100 millis", attempts: 1 }
  )
  const { value } = yield* Scene.fails(scene.dns.resolve("x.again.example", "A"))
  assert.strictEqual(value.code, "ETIMEOUT")
  assert.strictEqual(scene.asked.length, 1)
})
