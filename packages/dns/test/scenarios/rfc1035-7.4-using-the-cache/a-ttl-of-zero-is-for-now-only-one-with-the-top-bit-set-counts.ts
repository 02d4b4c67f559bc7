// a TTL of zero is for now only; one with the top bit set counts as zero (RFC 2181 section 8)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  for (const ttl of [0, 0x80000001]) {
    const scene = yield* Scene.make(
      {
        "192.0.2.1":
          ttl === 0
            ? found(0)
            : (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7", ttl)] }) }]
      },
      { cache: { staleFor: 0 } }
    )
    yield* Scene.passes(scene.dns.resolve("x.t0.cache.example", "A"))
    yield* Scene.passes(scene.dns.resolve("x.t0.cache.example", "A"))
    assert.strictEqual(scene.asked.length, 2)
  }
})
