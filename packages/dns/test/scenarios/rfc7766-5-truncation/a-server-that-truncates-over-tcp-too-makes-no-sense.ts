// a server that truncates over TCP, too, makes no sense
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { truncated: true }) }]
  })
  const { value } = yield* Scene.fails(scene.dns.resolve("x.truncation.example", "A"))
  assert.strictEqual(value.code, "TRUNCATED")
})
