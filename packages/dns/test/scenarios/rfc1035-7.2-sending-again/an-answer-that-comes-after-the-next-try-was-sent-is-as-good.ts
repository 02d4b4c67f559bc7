// an answer that comes after the next try was sent is as good as one to the last
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found, silent } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [{ ...found(asked)[0]!, after: 450 }],
    "192.0.2.2": silent
  })
  const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.again.example", "A"))
  assert.strictEqual(value.server, "192.0.2.1:53")
  assert.isTrue(elapsed >= 450 && elapsed < 500, `${elapsed} ms`)
})
