// a lost answer costs one retransmission timer, not the whole timeout
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": (asked) => (asked.index === 0 ? [] : found(asked)) })
  const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.again.example", "A"))
  assert.isTrue(elapsed < 500, `${elapsed} ms`)
  assert.strictEqual(scene.asked.length, 2)
  // A new query with an id of its own, not the old one repeated.
  assert.notStrictEqual(scene.asked[0]!.message.id, scene.asked[1]!.message.id)
})
