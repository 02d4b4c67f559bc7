// the names of the loopback addresses are localhost
import { assert } from "@effect/vitest"
import { LookupAddress } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Scene from "../../support/Scene.ts"
import { none } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": none })
  for (const address of NetAddress.loopbackAddresses) {
    const { value } = yield* Scene.passes(scene.dns.run(new LookupAddress({ address })))
    assert.deepStrictEqual([...value], ["localhost"])
  }
  assert.strictEqual(scene.asked.length, 0)
})
