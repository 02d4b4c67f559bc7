// a loop across replies is an error, after two questions
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cname } from "../../support/ScriptedServer.ts"
import { zone } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "round.aliases.example.": { answers: [cname("round.aliases.example", "round.elsewhere.example")] },
      "round.elsewhere.example.": { answers: [cname("round.elsewhere.example", "round.aliases.example")] }
    })
  })
  const { value } = yield* Scene.fails(scene.dns.resolve("round.aliases.example", "A"))
  assert.strictEqual(value.code, "LOOP")
  assert.strictEqual(scene.asked.length, 2)
})
