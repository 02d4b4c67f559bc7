// interruption stops the candidate that is asked, whatever was known of those before it

import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { soa } from "../../support/ScriptedServer.ts"
import { lookup } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make(
    {
      "192.0.2.1": (asked) =>
        asked.name === "gone.negative.example."
          ? [Scene.served(asked, { rcode: 3, authorities: [soa("negative.example")] })]
          : []
    },
    { search: ["negative.example"] }
  )
  yield* Scene.passes(scene.dns.resolve("gone.negative.example", "A"))
  yield* Scene.timed(Effect.timeoutOption(lookup(scene, "gone", "IPv4"), "100 millis"))
  assert.strictEqual(scene.held(), 0)
  const sent = scene.asked.length
  yield* Scene.timed(Effect.sleep("20 seconds"))
  assert.strictEqual(scene.asked.length, sent)
})
