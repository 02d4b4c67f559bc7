// a server's own words for its failure are handed on (RFC 8914)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export default Effect.gen(function* () {
  const edns = {
    udpPayloadOctets: 1232,
    version: 0,
    dnssecOk: false,
    reservedFlags: 0,
    options: [
      {
        option: "EDE",
        data: { infoCode: 22, extraText: new TextEncoder().encode("timeout at 192.0.2.9") }
      } as const
    ]
  }
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [
      {
        message: Scene.reply(asked, {
          rcode: asked.name === "x.choice.example." ? 2 : 0,
          edns,
          answers: asked.name === "x.choice.example." ? [] : [a(asked.name, "192.0.2.7")]
        })
      }
    ]
  })
  const { value } = yield* Scene.fails(scene.dns.resolve("x.choice.example", "A"))
  assert.include(value.detail, "EDE 22 No Reachable Authority: timeout at 192.0.2.9")
  const found = yield* Scene.passes(scene.dns.resolve("y.choice.example", "A"))
  assert.deepStrictEqual(found.value.extendedErrors, [{ code: 22, text: "timeout at 192.0.2.9" }])
})
