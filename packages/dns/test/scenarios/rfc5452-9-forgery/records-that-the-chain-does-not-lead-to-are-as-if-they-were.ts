// records that the chain does not lead to are as if they were not there
import { assert } from "@effect/vitest"
import { ResourceRecord } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { forged } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [
      {
        message: Scene.reply(asked, {
          answers: [
            a("victim.forgery.example", forged),
            cname(asked.name, "web.forgery.example"),
            a("web.forgery.example", "192.0.2.7")
          ],
          authorities: [
            ResourceRecord.make({
              name: "example.",
              type: "NS",
              ttl: 60,
              data: { host: a("ns.forgery.example", "192.0.2.1").name }
            })
          ],
          additionals: [a("ns.forgery.example", forged), a("bank.forgery.example", forged)]
        })
      }
    ]
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
  assert.deepStrictEqual(
    value.records.map((record) => String(record.name)),
    ["web.forgery.example."]
  )
  // Nothing of the rest was kept either.
  assert.isUndefined(scene.dns.resolver.cached("victim.forgery.example", "A", undefined))
  assert.isUndefined(scene.dns.resolver.cached("bank.forgery.example", "A", undefined))
})
