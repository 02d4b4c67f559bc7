/** Views of a question: what they cost, and what makes no sense of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "./support/Scene.ts"
import { a } from "./support/ScriptedServer.ts"

const found: Scene.Script = (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] }) }]

describe("a client's network (RFC 7871)", () => {
  for (const clientSubnet of ["nonsense", "192.0.2.0/33", ""]) {
    it.effect(`that is none, "${clientSubnet}", is refused every time, and nothing is left over`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": found })
        for (let i = 0; i < 2; i++) {
          const { value } = yield* Scene.fails(scene.dns.resolve("x.example", "A", { clientSubnet }))
          assert.strictEqual(value.code, "EBADSUBNET")
        }
        assert.strictEqual((yield* scene.dns.stats).extra["outstanding"], 0)
        assert.strictEqual(scene.asked.length, 0)
      })
    )
  }

  it.effect("of very many: what is kept for them stays within the cache's bound", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found }, { cache: { maxOctets: 20_000 } })
      for (let i = 0; i < 2_000; i++) {
        const clientSubnet = `10.${i >> 8}.${i & 255}.0/24`
        yield* Scene.passes(scene.dns.resolve("x.example", "A", { clientSubnet }))
      }
      const { extra } = yield* scene.dns.stats
      assert.isTrue(extra["cache.entries"]! > 5)
      assert.isTrue(extra["views"]! < 300, `${extra["views"]} views`)
    })
  )
})
