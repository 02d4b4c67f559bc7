// the SOA of another zone is no proof
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { soa } from "../../support/ScriptedServer.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 3, authorities: [soa("elsewhere.test")] }) }]
  })
  yield* Scene.passes(scene.dns.resolve("x.negative.example", "A"))
  assert.isUndefined(scene.dns.resolver.cached("x.negative.example", "A", undefined))
})
