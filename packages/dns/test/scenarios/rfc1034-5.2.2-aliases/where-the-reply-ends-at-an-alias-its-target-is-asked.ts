// where the reply ends at an alias, its target is asked for
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { zone, addresses } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "away.aliases.example.": { answers: [cname("away.aliases.example", "web.elsewhere.example")] },
      "web.elsewhere.example.": { answers: [cname("web.elsewhere.example", "host.third.example")] },
      "host.third.example.": { answers: [a("host.third.example", "192.0.2.7")] }
    })
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("away.aliases.example", "A"))
  assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
  assert.deepStrictEqual(
    scene.asked.map((one) => one.name),
    ["away.aliases.example.", "web.elsewhere.example.", "host.third.example."]
  )
  assert.strictEqual(value.aliases.length, 2)
})
