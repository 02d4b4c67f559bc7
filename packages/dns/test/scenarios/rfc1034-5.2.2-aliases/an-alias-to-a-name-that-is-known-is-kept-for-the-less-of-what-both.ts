// an alias to a name that is known is kept for the less of what both have left

import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { zone } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "far.aliases.example.": { answers: [cname("far.aliases.example", "host.third.example", 30)] },
      "host.third.example.": { answers: [a("host.third.example", "192.0.2.7")] }
    })
  })
  yield* Scene.passes(scene.dns.resolve("host.third.example", "A"))
  yield* Scene.rest("40 seconds")
  const { value } = yield* Scene.passes(scene.dns.resolve("far.aliases.example", "A"))
  // The target was good for a minute, of which two thirds are over; the alias is for half a minute.
  assert.isTrue(value.ttl === 19 || value.ttl === 20, `${value.ttl}`)
  yield* Scene.rest("10 seconds")
  yield* Scene.passes(scene.dns.resolve("far.aliases.example", "A"))
  assert.deepStrictEqual(
    scene.asked.map((one) => one.name),
    ["host.third.example.", "far.aliases.example."]
  )
})
