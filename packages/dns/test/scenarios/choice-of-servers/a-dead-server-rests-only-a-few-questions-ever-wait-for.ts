// a dead server rests: only a few questions ever wait for it
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after, ask } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": () => [], "192.0.2.2": after(5), "192.0.2.3": after(6) })
  const times = yield* ask(scene, 400)
  const slow = times.filter((elapsed) => elapsed > 50).length
  assert.isTrue(slow <= 6, `${slow} of 400 waited`)
})
