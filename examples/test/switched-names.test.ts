import { assert, it } from "@effect/vitest"
import { NodeAddressResolver, NodeDns } from "@effect/platform-node"
import { Dns } from "@handoff/dns"
import { Server } from "@handoff/dns/server"
import { text } from "@handoff/dns/zone"
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { locate } from "../switched-names/program.ts"

const zone = `
@   3600 IN SOA ns admin 1 7200 900 1209600 300
@   3600 IN NS  ns
ns  3600 IN A   127.0.0.1
db  300  IN A   192.0.2.5
`

it.live(
  "an Effect program changes its name resolution by one layer",
  () =>
    Effect.gen(function* () {
      const program = locate("localhost:80")
      const byNode = yield* Effect.provide(program, NodeAddressResolver.layer.pipe(Layer.provide(NodeDns.layer)))
      const byPlatform = yield* Effect.provide(program, Libc.layerDns.pipe(Layer.provide(Libc.layer())))
      const byDns = yield* Effect.provide(program, Dns.layerEffect())
      for (const found of [byNode, byPlatform, byDns]) assert.include(found, "127.0.0.1:80")

      // Just DNS can be pointed at any server, without touching the system.
      const server = yield* Server.make({ zones: [text.zone("internal.", zone)] })
      const pointed = Dns.layerEffect({ servers: [`127.0.0.1:${server.port}`], resolvConf: false })
      assert.deepStrictEqual(yield* Effect.provide(locate("db.internal:5432"), pointed), ["192.0.2.5:5432"])
    }),
  30_000
)
