// no such name is kept for all types, and for all names below (RFC 8020)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { noName } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": noName })
  yield* Scene.passes(scene.dns.resolve("gone.negative.example", "A"))
  for (const name of ["gone.negative.example", "a.gone.negative.example", "b.a.gone.negative.example"]) {
    const { value } = yield* Scene.passes(scene.dns.resolve(name, "TXT"))
    assert.strictEqual(value.kind, "no name")
  }
  assert.strictEqual(scene.asked.length, 1)
  yield* Scene.passes(scene.dns.resolve("begone.negative.example", "A"))
  assert.strictEqual(scene.asked.length, 2, "a name that only ends in the same letters is another")
})
