// no such record is kept per type, for the lesser of the SOA's TTL and its minimum (section 5)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { noRecord } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": noRecord })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.nodata.example", "A"))
  assert.deepStrictEqual([value.kind, value.ttl], ["no record", 20])
  yield* Scene.passes(scene.dns.resolve("x.nodata.example", "A"))
  assert.strictEqual(scene.asked.length, 1)
  yield* Scene.passes(scene.dns.resolve("x.nodata.example", "AAAA"))
  assert.strictEqual(scene.asked.length, 2)
  yield* Scene.rest("21 seconds")
  yield* Scene.passes(scene.dns.resolve("x.nodata.example", "A"))
  assert.strictEqual(scene.asked.length, 3)
})
