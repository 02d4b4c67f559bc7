// a CNAME beside it that says something else is a lie (section 2.2)
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { zone, dname } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": zone({
      "www.old.dname.example.": {
        answers: [
          dname("old.dname.example.", "new.dname.example."),
          cname("www.old.dname.example", "evil.dname.example"),
          a("evil.dname.example", "203.0.113.66")
        ]
      }
    })
  })
  const { value } = yield* Scene.fails(scene.dns.resolve("www.old.dname.example", "A"))
  assert.strictEqual(value.code, "BADALIAS")
})
