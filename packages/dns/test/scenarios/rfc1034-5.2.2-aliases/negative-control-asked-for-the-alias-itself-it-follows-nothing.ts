// negative control: asked for the alias itself, it follows nothing
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { cname } from "../../support/ScriptedServer.ts"
import { zone } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({ "lone.aliases.example.": { answers: [cname("lone.aliases.example", "host.aliases.example")] } })
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("lone.aliases.example", "CNAME"))
  assert.strictEqual(value.records.length, 1)
  assert.strictEqual(scene.asked.length, 1)
})
