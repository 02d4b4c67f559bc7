// a loop within a reply is an error, at once
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cname } from "../../support/ScriptedServer.ts"
import { zone } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "a.aliases.example.": {
        answers: [cname("a.aliases.example", "b.aliases.example"), cname("b.aliases.example", "a.aliases.example")]
      }
    })
  })
  const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("a.aliases.example", "A"))
  assert.deepStrictEqual([value.reason, value.code], ["InvalidResponse", "LOOP"])
  assert.isTrue(elapsed < 10)
})
