// BADCOOKIE is asked again with the new cookie (RFC 7873 section 5.3)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cookie, ours, serverCookie, withCookie } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) =>
      asked.index === 0
        ? [{ message: Scene.reply(asked, { rcode: 23, edns: cookie(ours(asked), serverCookie) }) }]
        : withCookie(asked)
  })
  yield* Scene.passes(scene.dns.resolve("one.forgery.example", "A"))
  const sent = scene.asked[1]!.message.edns!.options[0]!.data as { readonly server: Uint8Array }
  assert.deepStrictEqual([...sent.server], [...serverCookie])
})
