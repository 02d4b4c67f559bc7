// a set too long for a datagram comes whole over TCP

import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"
import { long } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({
    "192.0.2.1": (asked) => [
      asked.via === "udp"
        ? Scene.served(asked, { truncated: true })
        : Scene.served(asked, { answers: long.map((address) => a(asked.name, address)) })
    ]
  })
  const { value } = yield* Scene.passes(scene.dns.resolve("long.truncation.example", "A"))
  assert.deepStrictEqual(
    value.records.map((record) => (record.data as { readonly address: string }).address).toSorted(),
    long.toSorted()
  )
  assert.deepStrictEqual(
    scene.asked.map((one) => one.via),
    ["udp", "tcp"]
  )
})
