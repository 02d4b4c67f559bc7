// equal questions in flight are one: no birthday for a forger (section 5)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { truth } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": truth })
  const ask = scene.dns.resolve("www.forgery.example", "A")
  const { value } = yield* Scene.passes(Effect.all([ask, ask, ask, ask], { concurrency: "unbounded" }))
  assert.strictEqual(value.length, 4)
  assert.strictEqual(scene.asked.length, 1)
  assert.strictEqual(scene.dns.resolver.counters.coalesced, 3)
})
