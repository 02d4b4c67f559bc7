// negative control: with `rotate` all servers share the questions, the slow ones too
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after, ask, share } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": after(80), "192.0.2.2": after(5) }, { rotate: true })
  yield* ask(scene, 100)
  assert.isTrue(share(scene, "192.0.2.1") > 0.4, `${share(scene, "192.0.2.1")}`)
})
