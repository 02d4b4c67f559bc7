// a server that comes back is used again after its rest
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after, ask } from "./support.ts"

export default Effect.gen(function* () {
  let alive = false
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => (alive ? after(1)(asked) : []),
    "192.0.2.2": after(30)
  })
  yield* ask(scene, 20)
  alive = true
  yield* Scene.timed(Effect.sleep("5 seconds"))
  const before = scene.asked.length
  yield* ask(scene, 100)
  const later = scene.asked.slice(before).filter((one) => one.server === "192.0.2.1").length
  assert.isTrue(later > 50, `${later} of 100`)
})
