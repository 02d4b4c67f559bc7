// names that a stub must not treat as special are asked for like any other
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { none } from "./support.ts"

export default ["x.test", "x.example", "notlocalhost", "x.home.arpa", "7.0.168.192.in-addr.arpa"].map(
  (name) =>
    [
      `${name} is asked for like any other`,
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": none })
        yield* Scene.passes(scene.dns.resolve(name, "A"))
        assert.strictEqual(scene.asked.length, 1)
      })
    ] as const
)
