// a server that truncates and refuses TCP is out; the next one answers
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) =>
      asked.via === "udp" ? [{ message: Scene.reply(asked, { truncated: true }) }] : [{ unreachable: "ECONNREFUSED" }],
    "192.0.2.2": found
  })
  const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.truncation.example", "A"))
  assert.strictEqual(value.server, "192.0.2.2:53")
  assert.isTrue(elapsed < 10, `${elapsed} ms`)
})
