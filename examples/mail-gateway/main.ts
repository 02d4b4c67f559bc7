/**
 * `npm run mail-gateway -w examples`: what the gateway decides about some deliveries, by a name server with made-up domains
 * that it starts for itself. `npm run mail-gateway -w examples -- 192.0.2.25 example.org` asks your DNS about a real one.
 */
import { Dns } from "@handoff/dns"
import { Server } from "@handoff/dns/server"
import { text } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import { listedBy, type Names, spf, type SpfResult } from "./gateway.ts"

const zone = text.zone(
  "test.",
  `
@        3600 IN SOA ns admin 1 7200 900 1209600 300
@        3600 IN NS  ns
ns       3600 IN A   127.0.0.1
shop     300  IN TXT "v=spf1 mx include:letters.test. " "-all"
shop     300  IN MX  10 mail.shop
mail.shop 300 IN A 192.0.2.25
letters  300  IN TXT "v=spf1 ip4:198.51.100.0/24 ~all"
loop     300  IN TXT "v=spf1 include:loop.test. -all"
7.113.0.203.blocked 300 IN A 127.0.0.2
`
)

const deliveries = [
  ["192.0.2.25", "shop.test"],
  ["198.51.100.9", "shop.test"],
  ["203.0.113.9", "shop.test"],
  ["203.0.113.9", "letters.test"],
  ["203.0.113.9", "loop.test"],
  ["203.0.113.7", "nobody.test"]
] as const

const decisions: Partial<Record<SpfResult, string>> = { pass: "take", fail: "refuse", temperror: "ask to come again" }

/** What a gateway would do: refuse what is listed or forged, and let the rest of its filters see what is in doubt. */
const decision = (verdict: SpfResult, lists: ReadonlyArray<string>): string =>
  lists.length > 0 ? "refuse" : (decisions[verdict] ?? "take, with suspicion")

const decide = (names: Names, client: string, domain: string, blockLists: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const address = yield* Effect.fromResult(NetAddress.ipFromString(client))
    const [lists, verdict] = yield* Effect.all([listedBy(names, address, blockLists), spf(names, address, domain)], {
      concurrency: "unbounded"
    })
    const cells = [client.padEnd(15), domain.padEnd(14), `SPF ${verdict}`.padEnd(14), lists.join(", ").padEnd(13)]
    console.log(`${cells.join("  ")}  ${decision(verdict, lists)}`)
  })

const program = Effect.gen(function* () {
  const [client, domain] = process.argv.slice(2)
  if (client !== undefined && domain !== undefined) {
    return yield* decide(yield* Dns.make(), client, domain, ["zen.spamhaus.org"])
  }
  const server = yield* Server.make({ zones: [zone] })
  const names = yield* Dns.make({ servers: [`127.0.0.1:${server.port}`], resolvConf: false, hosts: false })
  for (const [client, domain] of deliveries) yield* decide(names, client, domain, ["blocked.test"])
})

await Effect.runPromise(Effect.scoped(program))
