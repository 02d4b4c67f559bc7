// FORMERR to a query without EDNS, too, moves on
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 1 }) }],
    "192.0.2.2": found
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.edns.example", "A"))
  assert.strictEqual(value.server, "192.0.2.2:53")
  assert.strictEqual(scene.asked.length, 3)
})
