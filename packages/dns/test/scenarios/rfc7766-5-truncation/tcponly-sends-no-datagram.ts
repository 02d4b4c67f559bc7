// `tcpOnly` sends no datagram
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": found }, { tcpOnly: true })
  yield* Scene.passes(scene.dns.resolve("x.truncation.example", "A"))
  assert.deepStrictEqual(
    scene.asked.map((one) => one.via),
    ["tcp"]
  )
})
