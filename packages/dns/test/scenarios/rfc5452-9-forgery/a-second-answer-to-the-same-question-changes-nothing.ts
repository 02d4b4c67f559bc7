// a second answer to the same question changes nothing
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { truth, fake } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [...truth(asked), { after: 30, message: fake(asked) }]
  })
  yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
  yield* Scene.timed(Effect.sleep("100 millis"))
  const { value } = yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
  assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
})
