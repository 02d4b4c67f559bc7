// a server from which no datagram ever comes is asked over TCP in the end
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": (asked) => (asked.via === "udp" ? [] : found(asked)) })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.truncation.example", "A"), 20_000)
  assert.strictEqual(value.transport, "tcp")
})
