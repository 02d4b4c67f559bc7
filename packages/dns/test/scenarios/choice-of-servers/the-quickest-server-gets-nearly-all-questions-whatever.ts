// the quickest server gets nearly all questions, whatever its place in the list
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after, ask, share } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": after(80), "192.0.2.2": after(5), "192.0.2.3": after(40) })
  yield* ask(scene, 300)
  assert.isTrue(share(scene, "192.0.2.2") > 0.8, `${share(scene, "192.0.2.2")}`)
  assert.isTrue(share(scene, "192.0.2.1") > 0, "the others are looked at")
})
