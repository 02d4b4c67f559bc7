// over its stream the length comes first, and tells where the answer ends
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { server, make } from "./support.ts"

export default Effect.gen(function* () {
  const { dns } = yield* make({ "192.0.2.1:53": server(20) }, [], { tcpOnly: true })
  const { value } = yield* Scene.passes(dns.resolve("x.example", "A"))
  assert.strictEqual(value.transport, "tcp")
  assert.strictEqual(value.records.length, 1)
})
