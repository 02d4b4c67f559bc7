// FORMERR to a query with EDNS is asked again without, and that is remembered
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { old } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": old })
  yield* Scene.passes(scene.dns.resolve("one.edns.example", "A"))
  yield* Scene.passes(scene.dns.resolve("two.edns.example", "A"))
  assert.deepStrictEqual(
    scene.asked.map((one) => one.message.edns !== undefined),
    [true, false, false]
  )
})
