// memory is bounded by octets, and what is used stays
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": found(3_600) }, { cache: { maxOctets: 40_000 } })
  yield* Scene.passes(scene.dns.resolve("much-used.t3600.cache.example", "A"))
  for (let i = 0; i < 200; i++) {
    yield* Scene.passes(scene.dns.resolve(`n${i}.t3600.cache.example`, "A"))
    yield* Scene.passes(scene.dns.resolve("much-used.t3600.cache.example", "A"))
  }
  const stats = scene.dns.resolver.cache.stats()
  assert.isTrue(stats.octets <= 40_000, `${stats.octets} octets`)
  assert.isTrue(stats.evicted > 100)
  assert.strictEqual(scene.asked.filter((one) => one.name === "much-used.t3600.cache.example.").length, 1)
})
