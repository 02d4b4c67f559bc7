// a name without addresses fails with NODATA, one that is not there with NXDOMAIN
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { soa } from "../../support/ScriptedServer.ts"
import { lookup } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [
      Scene.served(asked, {
        rcode: asked.name === "gone.families.example." ? 3 : 0,
        authorities: [soa("families.example")]
      })
    ]
  })
  for (const [name, code] of [
    ["neither.families.example", "NODATA"],
    ["gone.families.example", "NXDOMAIN"]
  ] as const) {
    const { value } = yield* Scene.fails(lookup(scene, name))
    assert.isTrue(value._tag === "LookupError" && value.reason === "NotFound" && value.code === code)
  }
})
