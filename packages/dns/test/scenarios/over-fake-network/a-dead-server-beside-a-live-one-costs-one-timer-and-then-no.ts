// a dead server beside a live one costs one timer, and then no more
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { server, make } from "./support.ts"

export default Effect.gen(function* () {
  const { dns } = yield* make({ "192.0.2.1:53": { onOctets: () => [] }, "192.0.2.2:53": server(20) }, [])
  yield* Scene.passes(dns.resolve("first.example", "A"))
  yield* Scene.passes(dns.resolve("second.example", "A"))
  const times: Array<number> = []
  for (let i = 0; i < 20; i++) times.push((yield* Scene.passes(dns.resolve(`n${i}.example`, "A"))).elapsed)
  assert.isTrue(times.filter((elapsed) => elapsed > 40).length <= 2, times.join(" "))
})
