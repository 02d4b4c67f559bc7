// negative control: what is not truncated is not asked for again
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": found })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.truncation.example", "A"))
  assert.deepStrictEqual([value.transport, scene.asked.length], ["udp", 1])
})
