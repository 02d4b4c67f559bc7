// no name is believed to be gone on the word of a reply to another question
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, soa } from "../../support/ScriptedServer.ts"
import { forged, truth } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [
      {
        message: Scene.reply(asked, {
          rcode: 3,
          questions: [{ ...asked.message.questions[0]!, name: a("forgery.example", forged).name }],
          authorities: [soa("forgery.example")]
        })
      },
      ...truth(asked)
    ]
  })
  yield* Scene.passes(scene.dns.resolve("www.forgery.example", "A"))
})
