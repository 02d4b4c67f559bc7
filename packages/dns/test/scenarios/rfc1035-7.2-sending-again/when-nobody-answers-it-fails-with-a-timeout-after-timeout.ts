// when nobody answers it fails with a timeout after timeout times attempts, and nothing is left over
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { silent } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": silent, "192.0.2.2": silent }, { timeout: "2 seconds", attempts: 2 })
  const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("x.again.example", "A"))
  assert.strictEqual(value.reason, "Timeout")
  assert.isTrue(elapsed >= 3_990 && elapsed <= 4_020, `${elapsed} ms`)
  assert.strictEqual(scene.held(), 0)
  assert.isTrue(scene.asked.length <= 12)
  // Each round waits twice as long as the one before it.
  const first = scene.asked.filter((one) => one.server === "192.0.2.1").map((one) => one.at)
  assert.isTrue(first[2]! - first[1]! > 1.5 * (first[1]! - first[0]!), first.join(" "))
})
