// negative control: with `specialNames` off they go to the network
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { lookup, none } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": none }, { specialNames: false })
  yield* Scene.passes(lookup(scene, "localhost", "IPv4"))
  assert.isTrue(scene.asked.length > 0)
})
