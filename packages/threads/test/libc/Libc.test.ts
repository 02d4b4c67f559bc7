import { assert, describe, it } from "@effect/vitest"
import { LookupAddress, LookupHost } from "@handoff/core"
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"

describe("Libc", () => {
  it.live("looks a host up by all that the platform consults", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.make()
      const addresses = yield* libc.run(new LookupHost({ name: "localhost", family: "IPv4" }))
      assert.deepStrictEqual(addresses.map(NetAddress.formatIp), ["127.0.0.1"])
    })
  )

  it.live("looks an address up", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.make()
      const names = yield* libc.run(new LookupAddress({ address: NetAddress.ipFromStringUnsafe("127.0.0.1") }))
      assert.include(names, "localhost")
    })
  )

  it.live("answers a name that nobody knows as not found", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.make()
      const error = yield* Effect.flip(libc.run(new LookupHost({ name: "127.0.0.256.invalid." })))
      assert.strictEqual(error._tag, "LookupError")
      const stats = yield* libc.stats
      assert.strictEqual(stats.failed, 1)
      assert.strictEqual(stats.running, 0)
    })
  )
})
