// an alias to nothing says that there is no such name
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cname, soa } from "../../support/ScriptedServer.ts"
import { zone } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "dangling.aliases.example.": {
        rcode: 3,
        answers: [cname("dangling.aliases.example", "gone.aliases.example")],
        authorities: [soa("aliases.example")]
      }
    })
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("dangling.aliases.example", "A"))
  assert.strictEqual(value.kind, "no name")
})
