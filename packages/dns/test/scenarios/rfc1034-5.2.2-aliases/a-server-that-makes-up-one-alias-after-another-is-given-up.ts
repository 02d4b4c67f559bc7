// a server that makes up one alias after another is given up after sixteen
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cname } from "../../support/ScriptedServer.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [
      { message: Scene.reply(asked, { answers: [cname(asked.name, `x${asked.index}.aliases.example`)] }) }
    ]
  })
  const { value } = yield* Scene.fails(scene.dns.resolve("a.aliases.example", "A"))
  assert.strictEqual(value.code, "LOOP")
  assert.isTrue(scene.asked.length <= 17, `${scene.asked.length} questions`)
})
