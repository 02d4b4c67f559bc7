// BADVERS is asked again without EDNS (section 6.1.3)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const edns = { udpPayloadOctets: 1232, version: 0, dnssecOk: false, reservedFlags: 0, options: [] }
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) =>
      asked.message.edns === undefined ? found(asked) : [{ message: Scene.reply(asked, { rcode: 16, edns }) }]
  })
  yield* Scene.passes(scene.dns.resolve("x.edns.example", "A"))
  assert.strictEqual(scene.asked.length, 2)
})
