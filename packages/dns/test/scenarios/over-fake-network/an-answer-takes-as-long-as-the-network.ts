// an answer takes as long as the network
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { server, make } from "./support.ts"

export default Effect.gen(function* () {
  const { dns } = yield* make({ "192.0.2.1:53": server(30) }, [])
  const { elapsed, value } = yield* Scene.passes(dns.resolve("x.example", "A"))
  assert.strictEqual(value.records.length, 1)
  assert.isTrue(elapsed >= 30 && elapsed < 40, `${elapsed} ms`)
})
