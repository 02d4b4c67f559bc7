import { assert, it } from "@effect/vitest"
import { Dns } from "@handoff/dns"
import { Server } from "@handoff/dns/server"
import { text } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import { listedBy, spf } from "../mail-gateway/gateway.ts"

const zone = `
@        3600 IN SOA ns admin 1 7200 900 1209600 300
@        3600 IN NS  ns
ns       3600 IN A   127.0.0.1
sender   300  IN TXT "v=spf1 mx include:partner.test. " "-all"
sender   300  IN MX  10 mail.sender
mail.sender 300 IN A 192.0.2.25
partner  300  IN TXT "v=spf1 ip4:198.51.100.0/24 ~all"
loop     300  IN TXT "v=spf1 include:loop.test. -all"
loops    300  IN TXT "v=spf1 include:loops.test. include:loops.test. a mx -all"
moved    300  IN TXT "v=spf1 redirect=partner.test. exp=why.test"
lost     300  IN TXT "v=spf1 include:missing.test. -all"
cut      300  IN TXT "v=spf1 ip4 -all"
typed    300  IN TXT "v=spf1 ipv4:192.0.2.1 -all"
macros   300  IN TXT "v=spf1 exists:%{i}.test. -all"
silent   300  IN TXT "no policy here"
7.113.0.203.list 300 IN A 127.0.0.2
`

const ip = NetAddress.ipFromStringUnsafe

it.live(
  "the mail gateway knows block lists and SPF by DNS alone",
  () =>
    Effect.gen(function* () {
      const server = yield* Server.make({ zones: [text.zone("test.", zone)] })
      const names = yield* Dns.make({ servers: [`127.0.0.1:${server.port}`], resolvConf: false, hosts: false })
      assert.strictEqual(yield* spf(names, ip("192.0.2.25"), "sender.test"), "pass")
      assert.strictEqual(yield* spf(names, ip("198.51.100.9"), "sender.test"), "pass")
      assert.strictEqual(yield* spf(names, ip("203.0.113.7"), "sender.test"), "fail")
      assert.strictEqual(yield* spf(names, ip("203.0.113.7"), "silent.test"), "none")
      assert.strictEqual(yield* spf(names, ip("203.0.113.7"), "missing.test"), "none")
      // Policies of strangers: each has an end, and a mistake in one is no reason to say "fail".
      for (const [domain, verdict] of [
        ["loop.test", "permerror"],
        ["loops.test", "permerror"],
        ["moved.test", "softfail"],
        ["lost.test", "permerror"],
        ["cut.test", "permerror"],
        ["typed.test", "permerror"],
        ["macros.test", "neutral"]
      ] as const) {
        assert.strictEqual(yield* spf(names, ip("203.0.113.7"), domain), verdict, domain)
      }
      assert.deepStrictEqual(yield* listedBy(names, ip("203.0.113.7"), ["list.test", "other.test"]), ["list.test"])
      assert.deepStrictEqual(yield* listedBy(names, ip("192.0.2.25"), ["list.test"]), [])
    }),
  30_000
)
