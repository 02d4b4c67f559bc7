// negative control: without a cache every question goes to the broken server
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make(
    { "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 2 }) }] },
    { cache: { maxOctets: 0 } }
  )
  for (let i = 0; i < 5; i++) yield* Scene.fails(scene.dns.resolve("x.example", "A"))
  assert.strictEqual(scene.asked.length, 5)
})
