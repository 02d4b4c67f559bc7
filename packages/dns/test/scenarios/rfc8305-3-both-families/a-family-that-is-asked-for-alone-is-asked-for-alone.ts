// a family that is asked for alone is asked for alone
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { families, lookup } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": families({ after: 1, reply: "address" }, { after: 1, reply: "address" })
  })
  const { value } = yield* Scene.passes(lookup(scene, "x.families.example", "IPv6"))
  assert.deepStrictEqual(value, ["2001:db8::7"])
  assert.deepStrictEqual(
    scene.asked.map((one) => one.type),
    ["AAAA"]
  )
})
