// negative control: a forgery that knows id, question and case is accepted, so the checks are what stops the others
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { forged, truth, fake } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": (asked) => [{ message: fake(asked) }, ...truth(asked)] })
  const { value } = yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
  assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, forged)
})
