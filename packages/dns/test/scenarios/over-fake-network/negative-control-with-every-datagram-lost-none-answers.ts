// negative control: with every datagram lost each way none is answered over UDP
import { assert } from "@effect/vitest"
import { FakeNetwork } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { make, server } from "./support.ts"

export default Effect.gen(function* () {
  const { dns } = yield* make({ "192.0.2.1:53": server(20) }, [FakeNetwork.lose({ share: 1 })], {
    timeout: "500 millis",
    attempts: 1
  })
  const { value } = yield* Scene.fails(dns.resolve("x.example", "A"))
  assert.strictEqual(value.code, "ETIMEOUT")
})
