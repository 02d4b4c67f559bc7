// when every server fails the failure is told, not a timeout
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { rcode } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": rcode(5), "192.0.2.2": rcode(2) })
  const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("x.choice.example", "A"))
  assert.deepStrictEqual([value.reason, value.code], ["ServerFailure", "SERVFAIL"])
  assert.isTrue(elapsed < 10, `${elapsed} ms`)
})
