// a server that gave up cookies is heard again over its stream
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { truth, withCookie } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => (asked.index === 0 ? withCookie(asked) : truth(asked))
  })
  yield* Scene.passes(scene.dns.resolve("one.forgery.example", "A"))
  const { value } = yield* Scene.passes(scene.dns.resolve("two.forgery.example", "A"))
  assert.strictEqual(value.transport, "tcp")
  const { elapsed } = yield* Scene.passes(scene.dns.resolve("three.forgery.example", "A"))
  assert.isTrue(elapsed < 30, `${elapsed} ms`)
})
