// a server that once had cookies has them always: a reply without one is a forgery (RFC 7873 section 5.3)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { fake, serverCookie, withCookie } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => (asked.index === 0 ? withCookie(asked) : [{ message: fake(asked) }, ...withCookie(asked)])
  })
  yield* Scene.passes(scene.dns.resolve("one.forgery.example", "A"))
  const { value } = yield* Scene.passes(scene.dns.resolve("two.forgery.example", "A"))
  assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
  // And it got its own cookie back.
  const sent = scene.asked[1]!.message.edns!.options[0]!.data as { readonly server: Uint8Array }
  assert.deepStrictEqual([...sent.server], [...serverCookie])
})
