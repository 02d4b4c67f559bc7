// what is no reply is not accepted, and the true answer is still waited for
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { truth, forgeries } from "./support.ts"

export default forgeries.map(
  ([name, forge]) =>
    [
      `${name}: not accepted, and the true answer is still waited for`,
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": (asked) => [...forge(asked), ...truth(asked)] })
        const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
        assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
        assert.isTrue(elapsed >= 20 && elapsed < 40, `${elapsed} ms`)
        assert.strictEqual(scene.asked.length, 1)
      })
    ] as const
)
