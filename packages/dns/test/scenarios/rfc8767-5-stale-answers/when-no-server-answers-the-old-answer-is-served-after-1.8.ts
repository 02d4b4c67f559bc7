// when no server answers, the old answer is served after 1.8 seconds, with a TTL of 30
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { first, dies } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": dies(10) })
  yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  yield* Scene.rest("60 seconds")
  const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  assert.deepStrictEqual([first(value), value.stale, value.ttl], ["192.0.2.7", true, 30])
  assert.isTrue(elapsed >= 1_800 && elapsed < 1_820, `${elapsed} ms`)
  // Once the servers have failed, for half a minute the old answer comes at once (section 5).
  yield* Scene.rest("20 seconds")
  const again = yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  assert.isTrue(again.value.stale && again.elapsed === 0)
})
