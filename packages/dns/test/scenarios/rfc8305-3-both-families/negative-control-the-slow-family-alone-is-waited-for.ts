// negative control: the slow family alone is waited for, so the short wait is for the sake of the quick one
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { families, lookup } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": families({ after: 10, reply: "address" }, { after: 300, reply: "address" })
  })
  const { elapsed, value } = yield* Scene.passes(lookup(scene, "x.families.example", "IPv6"))
  assert.deepStrictEqual(value, ["2001:db8::7"])
  assert.isTrue(elapsed >= 300, `${elapsed} ms`)
})
