// that an alias's target is not there says nothing of the names below the alias
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cname, soa } from "../../support/ScriptedServer.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) =>
      asked.name === "www.negative.example."
        ? [
            Scene.served(asked, {
              rcode: 3,
              answers: [cname("www.negative.example", "gone.negative.example")],
              authorities: [soa("negative.example")]
            })
          ]
        : found(60)(asked)
  })
  yield* Scene.passes(scene.dns.resolve("www.negative.example", "A"))
  const { value } = yield* Scene.passes(scene.dns.resolve("a.www.negative.example", "A"))
  assert.strictEqual(value.kind, "records")
})
