// a record set is asked for as it stands, without the list
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { only } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": only() }, { search: ["one.example"] })
  yield* Scene.passes(scene.dns.resolve("host", "MX"))
  assert.deepStrictEqual(
    scene.asked.map((one) => one.name),
    ["host."]
  )
})
