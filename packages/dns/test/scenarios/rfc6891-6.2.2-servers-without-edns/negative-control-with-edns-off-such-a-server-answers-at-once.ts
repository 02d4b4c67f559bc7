// negative control: with `edns` off such a server answers the first query
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { old } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": old }, { edns: false })
  yield* Scene.passes(scene.dns.resolve("x.edns.example", "A"))
  assert.deepStrictEqual(
    scene.asked.map((one) => one.message.edns !== undefined),
    [false]
  )
})
