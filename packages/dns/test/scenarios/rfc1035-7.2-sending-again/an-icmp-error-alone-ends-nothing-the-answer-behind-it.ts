// an ICMP error alone ends nothing: the answer behind it is waited for
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [{ unreachable: "ECONNREFUSED" }, { ...found(asked)[0]!, after: 40 }]
  })
  const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.again.example", "A"))
  assert.isTrue(elapsed >= 40 && elapsed < 60, `${elapsed} ms`)
})
