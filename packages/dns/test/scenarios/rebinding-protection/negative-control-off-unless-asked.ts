// negative control: off unless asked for
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { inside } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": inside })
  yield* Scene.passes(scene.dns.resolve("evil.rebinding.example", "A"))
})
