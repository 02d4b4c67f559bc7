// an answer is kept for its TTL and not longer, and its TTL runs down
import { assert } from "@effect/vitest"
import { QueryRecords } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": found(30) }, { cache: { staleFor: 0 } })
  yield* Scene.passes(scene.dns.resolve("x.t30.cache.example", "A"))
  yield* Scene.rest("20 seconds")
  const { value } = yield* Scene.passes(scene.dns.run(new QueryRecords({ name: "X.t30.Cache.Example.", type: "A" })))
  assert.strictEqual(value.ttl, 10)
  assert.strictEqual(scene.asked.length, 1)
  yield* Scene.rest("11 seconds")
  yield* Scene.passes(scene.dns.resolve("x.t30.cache.example", "A"))
  assert.strictEqual(scene.asked.length, 2)
})
