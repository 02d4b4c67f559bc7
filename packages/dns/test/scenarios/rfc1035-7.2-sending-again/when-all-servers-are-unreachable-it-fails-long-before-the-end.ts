// when all servers are unreachable it fails long before the end of its life
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": () => [{ unreachable: "ECONNREFUSED" }] })
  const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("x.again.example", "A"))
  assert.strictEqual(value.code, "ECONNREFUSED")
  assert.isTrue(elapsed < 1_000, `${elapsed} ms`)
})
