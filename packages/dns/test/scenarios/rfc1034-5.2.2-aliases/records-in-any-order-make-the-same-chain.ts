// records in any order make the same chain
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { scripted, addresses } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": scripted({
      "www.aliases.example.": {
        answers: [
          a("host.aliases.example", "192.0.2.7"),
          cname("web.aliases.example", "host.aliases.example"),
          cname("www.aliases.example", "web.aliases.example")
        ]
      }
    })
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("www.aliases.example", "A"))
  assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
})
