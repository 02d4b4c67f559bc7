// negative control: without a list a short name is asked for as it is, and nothing else
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { lookup, only } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": only() }, { search: [] })
  yield* Scene.fails(lookup(scene, "host", "IPv4"))
  assert.deepStrictEqual(
    scene.asked.map((one) => one.name),
    ["host."]
  )
})
