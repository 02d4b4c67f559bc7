// our random case is not seen in answers whose names point to the question
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => {
      const { name } = asked.message.questions[0]!
      return [Scene.served(asked, { answers: [{ ...a("x", "192.0.2.7"), name }] })]
    }
  })
  const name = "a-name-with-many-letters.forgery.Example"
  const { value } = yield* Scene.passes(scene.dns.resolve(name, "A"))
  assert.notInclude(Buffer.from(scene.asked[0]!.octets).toString("latin1"), "a-name-with-many-letters")
  assert.strictEqual(String(value.records[0]!.name), `${name}.`)
})
