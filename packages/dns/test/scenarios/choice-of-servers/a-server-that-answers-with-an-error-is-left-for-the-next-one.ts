// a server that answers with an error is left for the next one at once
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after, rcode, ask } from "./support.ts"

export default (
  [
    ["SERVFAIL", 2],
    ["NOTIMP", 4],
    ["REFUSED", 5],
    ["NOTAUTH", 9]
  ] as const
).map(
  ([word, code]) =>
    [
      `${word} moves on at once`,
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": rcode(code), "192.0.2.2": after(1) })
        const [elapsed] = yield* ask(scene, 1)
        assert.isTrue(elapsed! < 10, `${elapsed} ms`)
      })
    ] as const
)
