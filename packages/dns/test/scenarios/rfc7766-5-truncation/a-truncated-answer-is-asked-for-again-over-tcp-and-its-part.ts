// a truncated answer is asked for again over TCP, and its part is not used
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"
import { found } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) =>
      asked.via === "udp"
        ? [{ message: Scene.reply(asked, { truncated: true, answers: [a(asked.name, "203.0.113.66")] }) }]
        : found(asked)
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("x.truncation.example", "A"))
  assert.strictEqual(value.transport, "tcp")
  assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
})
