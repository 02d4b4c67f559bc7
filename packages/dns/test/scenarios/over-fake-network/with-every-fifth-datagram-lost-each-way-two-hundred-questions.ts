// with every fifth datagram lost each way, two hundred questions are all answered
import { assert } from "@effect/vitest"
import { FakeNetwork } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { server, make } from "./support.ts"

export default Effect.gen(function* () {
  const { dns, network } = yield* make({ "192.0.2.1:53": server(20) }, [FakeNetwork.lose({ share: 0.2 })])
  const names = Array.from({ length: 200 }, (_, i) => `n${i}.example`)
  const { value } = yield* Scene.passes(Effect.forEach(names, (name) => dns.resolve(name, "A"), { concurrency: 20 }))
  assert.strictEqual(value.filter((one) => one.records.length === 1).length, 200)
  const lost = network.events.filter((event) => event.what === "lost").length
  assert.isTrue(lost > 30, `${lost} lost`)
})
