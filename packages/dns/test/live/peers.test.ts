/** What the public modules find at real name servers (`Peers.ts`), over the sockets of every day and in real time. */
import { assert, describe, it } from "@effect/vitest"
import { LookupAddress, LookupHost, QueryRecords } from "@handoff/core"
import { Bulk, Dig, Dns, Mx, Naptr, Srv, Svcb, ZoneCut } from "@handoff/dns"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll } from "vitest"
import * as Peers from "../support/Peers.ts"

const zone = `$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
host A 192.0.2.7
host AAAA 2001:db8::7
alias CNAME middle
middle CNAME host
dangling CNAME gone
loop CNAME pool
pool CNAME loop
old DNAME new
www.new A 192.0.2.8
big TXT ${Array.from({ length: 12 }, (_, i) => `"${String(i).repeat(200).slice(0, 200)}"`).join(" ")}
mail MX 20 b.mail
mail MX 10 a.mail
nomail MX 0 .
_imap._tcp SRV 10 60 993 a.mail
_imap._tcp SRV 10 40 993 b.mail
_imap._tcp SRV 20 0 143 c.mail
_none._tcp SRV 0 0 0 .
web HTTPS 0 svc
svc HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.9
number NAPTR 10 100 "u" "E2U+sip" "!^\\\\+49(.*)$!sip:\\\\1@example.org!" .
*.wild A 192.0.2.10
`

const reverse = `$TTL 300
@ SOA ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 60
@ NS ns.lab.example.
7 PTR host.lab.example.
`

const peers = Peers.all

let running: Peers.Running
beforeAll(async () => {
  running = await Peers.start({
    zones: { "lab.example": zone, "2.0.192.in-addr.arpa": reverse },
    probe: "host.lab.example",
    cookies: true
  })
}, 60_000)
afterAll(() => running.stop(), 20_000)

for (const peer of peers) {
  describe.skipIf(Peers.absent(peer) !== undefined)(`against ${peer.name}`, () => {
    const dns = (options: Dns.Options = {}) =>
      Dns.make({ servers: [`127.0.0.1:${running.ports.get(peer.name)}`], hosts: false, order: false, ...options })

    it.live("a name has its addresses, and an address its name", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        // On a busy machine one family may be later than the other by more than the 50 ms that it is waited for; its
        // answer is in the cache for the next who asks.
        const addresses = yield* Effect.repeat(resolver.run(new LookupHost({ name: "host.lab.example" })), {
          until: (found) => found.length === 2,
          times: 20
        })
        assert.deepStrictEqual(addresses.map(NetAddress.formatIp), ["2001:db8::7", "192.0.2.7"])
        const names = yield* resolver.run(new LookupAddress({ address: NetAddress.ipFromStringUnsafe("192.0.2.7") }))
        assert.deepStrictEqual([...names], ["host.lab.example"])
      })
    )

    it.live("aliases lead to their end, and DNAMEs too", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        const aliased = yield* resolver.resolve("alias.lab.example", "A")
        assert.deepStrictEqual([String(aliased.canonicalName), aliased.aliases.length], ["host.lab.example.", 2])
        const below = yield* resolver.resolve("www.old.lab.example", "A")
        assert.strictEqual(String(below.canonicalName), "www.new.lab.example.")
      })
    )

    it.live("what is not there is said, and how", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        assert.strictEqual((yield* resolver.resolve("nothing.lab.example", "A")).kind, "no name")
        assert.strictEqual((yield* resolver.resolve("host.lab.example", "MX")).kind, "no record")
        assert.strictEqual((yield* resolver.resolve("dangling.lab.example", "A")).kind, "no name")
        const negative = yield* resolver.resolve("nothing.lab.example", "A")
        assert.isTrue(negative.ttl !== undefined && negative.ttl <= 60)
        const loop = yield* Effect.flip(resolver.resolve("loop.lab.example", "A"))
        assert.isTrue(loop.reason === "InvalidResponse" || loop.reason === "ServerFailure", loop.message)
      })
    )

    it.live("an answer too long for a datagram comes over TCP", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        const answer = yield* resolver.resolve("big.lab.example", "TXT")
        assert.strictEqual(answer.transport, "tcp")
        const set = yield* resolver.run(new QueryRecords({ name: "big.lab.example", type: "TXT" }))
        const [record] = set.records
        assert.isTrue(record._tag === "TXT" && record.chunks.length === 12)
      })
    )

    it.live("mail, services, bindings and numbers are found as their RFCs say", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        const mail = yield* Mx.resolve(resolver, "mail.lab.example")
        assert.deepStrictEqual(
          mail.map(({ host }) => host),
          ["a.mail.lab.example.", "b.mail.lab.example."]
        )
        assert.deepStrictEqual(yield* Mx.resolve(resolver, "nomail.lab.example"), [])
        const implicit = yield* Mx.resolve(resolver, "host.lab.example")
        assert.deepStrictEqual(implicit, [{ host: "host.lab.example.", preference: 0 }])
        const imap = yield* Srv.resolve(resolver, "_imap._tcp.lab.example")
        assert.strictEqual(imap.at(-1)!.host, "c.mail.lab.example.")
        assert.deepStrictEqual(yield* Srv.resolve(resolver, "_none._tcp.lab.example"), [])
        const [web] = yield* Svcb.resolve(resolver, "web.lab.example")
        assert.deepStrictEqual(
          [web!.host, web!.port, web!.alpn, web!.hints],
          ["svc.lab.example.", 8443, ["h2", "h3"], ["192.0.2.9"]]
        )
        const number = yield* Naptr.resolve(resolver, {
          name: "number.lab.example",
          subject: "+4930123456",
          service: "E2U+sip"
        })
        assert.strictEqual(number.result, "sip:30123456@example.org")
      })
    )

    it.live("the zone of a name is found", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        for (const name of ["host.lab.example", "a.b.nothing.lab.example", "lab.example"]) {
          assert.strictEqual(yield* ZoneCut.find(resolver, name), "lab.example.")
        }
      })
    )

    it.live("a query of one's own has all its flags, and the whole response comes back", () =>
      Effect.gen(function* () {
        const resolver = yield* dns()
        const reply = yield* Dig.query(resolver, {
          name: "host.lab.example",
          type: "A",
          nsid: true,
          dnssecOk: true,
          padding: 128
        })
        assert.strictEqual(reply.message.rcode, 0)
        assert.strictEqual(reply.sent.length % 128, 0)
        assert.isTrue(peer.recursive === true || reply.message.authoritative)
        if (peer.recursive !== true) {
          assert.include(Buffer.from(reply.nsid!).toString(), peer.name.toLowerCase().slice(0, 3))
        }
        const tcp = yield* Dig.query(resolver, {
          name: "host.lab.example",
          tcp: true,
          edns: false,
          recursionDesired: peer.recursive === true
        })
        assert.strictEqual(tcp.transport, "tcp")
        assert.isUndefined(tcp.message.edns)
        const raw = yield* Dig.query(resolver, { name: "raw", octets: tcp.sent })
        assert.strictEqual(raw.message.answers.length, 1)
        const chaos = yield* Dig.query(resolver, { name: "version.bind", type: "TXT", class: "CH" })
        assert.strictEqual(chaos.message.questions[0]!.class, "CH")
      })
    )

    for (const tcpOnly of [false, true]) {
      it.live(`two thousand names over ${tcpOnly ? "TCP" : "UDP"}, none lost`, () =>
        Effect.gen(function* () {
          const resolver = yield* dns({ tcpOnly, cache: { maxOctets: 0 } })
          const names = Stream.map(Stream.range(1, 2_000), (i) => ({ name: `n${i}.wild.lab.example` }))
          const found = yield* Stream.runFold(
            Bulk.resolve(resolver, names, { concurrency: 100 }),
            () => 0,
            (count, { result }) => count + ("records" in result && result.records.length === 1 ? 1 : 0)
          )
          assert.strictEqual(found, 2_000)
        })
      )
    }
  })
}
