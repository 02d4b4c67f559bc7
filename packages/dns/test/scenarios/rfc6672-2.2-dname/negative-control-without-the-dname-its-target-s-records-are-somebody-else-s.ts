// negative control: without the DNAME its target's records are somebody else's
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"
import { zone } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({ "www.old.dname.example.": { answers: [a("www.new.dname.example", "192.0.2.7")] } })
  })
  const { value } = yield* Scene.fails(scene.dns.resolve("www.old.dname.example", "A"))
  assert.strictEqual(value.code, "UNRELATED")
})
