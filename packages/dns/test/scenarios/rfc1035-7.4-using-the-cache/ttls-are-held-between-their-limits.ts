// TTLs are held between their limits
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make(
    { "192.0.2.1": (asked) => found(asked.name === "short.cache.example." ? 1 : 1_000_000)(asked) },
    { cache: { minTtl: "60 seconds", maxTtl: "100 seconds", staleFor: 0, prefetch: false } }
  )
  yield* Scene.passes(scene.dns.resolve("short.cache.example", "A"))
  yield* Scene.passes(scene.dns.resolve("long.cache.example", "A"))
  yield* Scene.rest("50 seconds")
  yield* Scene.passes(scene.dns.resolve("short.cache.example", "A"))
  assert.strictEqual(scene.asked.length, 2)
  yield* Scene.rest("51 seconds")
  yield* Scene.passes(scene.dns.resolve("long.cache.example", "A"))
  assert.strictEqual(scene.asked.length, 3)
})
