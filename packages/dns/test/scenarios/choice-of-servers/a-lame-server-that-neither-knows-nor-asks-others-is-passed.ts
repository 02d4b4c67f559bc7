// a lame server, that neither knows nor asks others, is passed over
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { recursionAvailable: false }) }],
    "192.0.2.2": after(1)
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.choice.example", "A"))
  assert.strictEqual(value.server, "192.0.2.2:53")
})
