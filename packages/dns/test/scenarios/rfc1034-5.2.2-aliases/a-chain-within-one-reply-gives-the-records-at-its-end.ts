// a chain within one reply gives the records at its end, the least TTL of all, and the aliases
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { zone, addresses } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "www.aliases.example.": {
        answers: [
          cname("www.aliases.example", "web.aliases.example", 30),
          cname("web.aliases.example", "host.aliases.example", 300),
          a("host.aliases.example", "192.0.2.7", 60)
        ]
      }
    })
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("www.aliases.example", "A"))
  assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
  assert.strictEqual(value.ttl, 30)
  assert.strictEqual(String(value.canonicalName), "host.aliases.example.")
  assert.strictEqual(value.aliases.length, 2)
  assert.strictEqual(scene.asked.length, 1)
})
