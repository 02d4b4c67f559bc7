// views are kept apart: DO, CD and the client's network
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": found(60) })
  const views = [{}, { dnssecOk: true }, { checkingDisabled: true }, { clientSubnet: "198.51.100.0/24" }]
  for (const view of [...views, ...views]) yield* Scene.passes(scene.dns.resolve("x.t60.cache.example", "A", view))
  assert.strictEqual(scene.asked.length, 4)
  assert.strictEqual(scene.asked[1]!.message.edns!.dnssecOk, true)
  assert.strictEqual(scene.asked[2]!.message.checkingDisabled, true)
  const octets = Buffer.from(scene.asked[3]!.octets).toString("hex")
  assert.include(octets, "0008000700011800c63364", "family 1, 24 bits, scope 0, three octets")
})
