/**
 * `npm run switched-names -w examples`: one program, run under several layers. `program.ts` does not change; what it finds
 * does, because each layer consults something else. `npm run switched-names -w examples -- example.org:443` asks for yours.
 */
import { NodeAddressResolver, NodeDns } from "@effect/platform-node"
import { Dns } from "@handoff/dns"
import { Server } from "@handoff/dns/server"
import { text } from "@handoff/dns/zone"
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as AddressResolver from "effect/net/AddressResolver"
import { locate } from "./program.ts"

const zone = text.zone(
  "internal.",
  "@ 300 IN SOA ns admin 1 7200 900 1209600 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\ndb 300 IN A 192.0.2.5\n"
)

const program = Effect.gen(function* () {
  // A name server of our own, which nothing on this machine knows of.
  const server = yield* Server.make({ zones: [zone] })
  const layers: Readonly<Record<string, Layer.Layer<AddressResolver.AddressResolver, unknown>>> = {
    "Effect's own, on Node": NodeAddressResolver.layer.pipe(Layer.provide(NodeDns.layer)),
    "the platform's C library": Libc.layerDns.pipe(Layer.provide(Libc.layer())),
    "just DNS": Dns.layerEffect({ timeout: "500 millis", attempts: 1 }),
    "just DNS, of that server": Dns.layerEffect({ servers: [`127.0.0.1:${server.port}`], resolvConf: false })
  }
  const asked = process.argv.slice(2)
  for (const service of asked.length > 0 ? asked : ["localhost:80", "db.internal:5432"]) {
    console.log(service)
    for (const [name, layer] of Object.entries(layers)) {
      const found = yield* locate(service).pipe(
        Effect.provide(layer),
        Effect.map((addresses) => addresses.join(", ")),
        Effect.orElseSucceed(() => "not found")
      )
      console.log(`  ${name.padEnd(26)}${found}`)
    }
  }
})

await Effect.runPromise(Effect.scoped(program))
