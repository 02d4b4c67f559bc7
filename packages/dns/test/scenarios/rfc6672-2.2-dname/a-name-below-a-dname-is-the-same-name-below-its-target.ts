// a name below a DNAME is the same name below its target

import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a, cname } from "../../support/ScriptedServer.ts"
import { zone, addresses, dname, served, typed } from "./support.ts"

const redirection = dname("old.dname.example.", "new.dname.example.")
const target = a("www.new.dname.example", "192.0.2.7")

const follows = (script: Scene.Script) =>
  Effect.gen(function* () {
    const scene = yield* Scene.make({ "192.0.2.1": script })
    const { value } = yield* Scene.passes(scene.dns.resolve("www.old.dname.example", "A"))
    assert.isTrue(typed)
    assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
  })

export default [
  ["from the DNAME alone", follows(zone({ "www.old.dname.example.": { answers: [redirection, target] } }))],
  [
    "with the CNAME that servers put beside it (section 3.1)",
    follows(
      served({
        "www.old.dname.example.": {
          answers: [redirection, cname("www.old.dname.example", "www.new.dname.example"), target]
        }
      })
    )
  ]
] as const
