// the question in another case is not accepted: the server's stream decides (0x20)
import { assert } from "@effect/vitest"
import { Message } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { truth, fake, upsideDown } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) =>
      asked.via === "udp" ? [{ octets: upsideDown(Message.encode(fake(asked))) }] : [...truth(asked)]
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
  assert.strictEqual(value.transport, "tcp")
  assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
  // The server is known for it now: the next question is sent in its own case and accepted over UDP.
  const again = yield* Scene.passes(scene.dns.resolve("next.forgery.example", "A"))
  assert.strictEqual(again.value.name, "next.forgery.example")
  const [, , next] = scene.asked
  assert.deepStrictEqual([next!.via, next!.message.questions[0]!.name.toString()], ["udp", "next.forgery.example."])
})
