/**
 * The same scenarios against real name servers from Debian: NSD, Knot, BIND with a zone of ours, and Unbound in front of
 * NSD. One that is not installed is named and left out.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { LookupAddress, LookupHost, QueryRecords } from "@handoff/core"
import { Bulk, Dig, Dns, Mx, Naptr, Srv, Svcb, ZoneCut } from "@handoff/dns"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll } from "vitest"
import * as ScriptedServer from "../support/ScriptedServer.ts"

const zone = `$ORIGIN lab.example.
$TTL 300
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

const reverse = `$ORIGIN 2.0.192.in-addr.arpa.
$TTL 300
@ SOA ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 60
@ NS ns.lab.example.
7 PTR host.lab.example.
`

interface Peer {
  readonly name: string
  readonly program: string
  readonly words: (folder: string) => ReadonlyArray<string>
  readonly files: (options: {
    readonly folder: string
    readonly port: number
    readonly behind: number
  }) => Readonly<Record<string, string>>
  readonly recursive?: true
}

const peers: ReadonlyArray<Peer> = [
  {
    name: "NSD",
    program: "/usr/sbin/nsd",
    words: (folder) => ["-d", "-c", `${folder}/conf`],
    files: ({ folder, port }) => ({
      conf: `server:\n  server-count: 1\n  ip-address: 127.0.0.1@${port}\n  username: ""\n  chroot: ""\n  zonesdir: "${folder}"\n  database: ""\n  pidfile: ""\n  xfrdfile: "${folder}/xfrd"\n  zonelistfile: "${folder}/list"\n  rrl-ratelimit: 0\n  nsid: "ascii_nsd"\nremote-control:\n  control-enable: no\nzone:\n  name: lab.example\n  zonefile: zone\nzone:\n  name: 2.0.192.in-addr.arpa\n  zonefile: reverse\n`
    })
  },
  {
    name: "Knot",
    program: "/usr/sbin/knotd",
    words: (folder) => ["-c", `${folder}/conf`],
    files: ({ folder, port }) => ({
      conf: `server:\n  listen: 127.0.0.1@${port}\n  rundir: ${folder}\n  nsid: knot\ndatabase:\n  storage: ${folder}\nmod-cookies:\n  - id: default\n    badcookie-slip: 1\ntemplate:\n  - id: default\n    storage: ${folder}\n    zonefile-sync: -1\n    global-module: mod-cookies/default\nzone:\n  - domain: lab.example\n    file: zone\n  - domain: 2.0.192.in-addr.arpa\n    file: reverse\n`
    })
  },
  {
    name: "BIND",
    program: "/usr/sbin/named",
    words: (folder) => ["-f", "-c", `${folder}/conf`],
    files: ({ folder, port }) => ({
      conf: `options { directory "${folder}"; pid-file none; session-keyfile none; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; managed-keys-directory "${folder}"; server-id "bind"; };\ncontrols { };\nzone "lab.example" { type primary; file "zone"; };\nzone "2.0.192.in-addr.arpa" { type primary; file "reverse"; };\n`
    })
  },
  {
    name: "Unbound",
    program: "/usr/sbin/unbound",
    recursive: true,
    words: (folder) => ["-d", "-c", `${folder}/conf`],
    files: ({ folder, port, behind }) => ({
      conf: `server:\n  directory: "${folder}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  interface: 127.0.0.1\n  port: ${port}\n  do-daemonize: no\n  use-syslog: no\n  logfile: "${folder}/log"\n  do-not-query-localhost: no\n  module-config: "iterator"\n  local-zone: "2.0.192.in-addr.arpa." nodefault\n  num-threads: 1\n  so-reuseport: no\n  edns-tcp-keepalive: yes\nstub-zone:\n  name: "lab.example"\n  stub-addr: 127.0.0.1@${behind}\nstub-zone:\n  name: "2.0.192.in-addr.arpa"\n  stub-addr: 127.0.0.1@${behind}\n`
    })
  }
]

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-peers-"))
const running: Array<{ readonly stop: () => Promise<void> }> = []
const ports = new Map<string, number>()

const freePort = (): Promise<number> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.map(
        ScriptedServer.make(() => []),
        ({ port }) => port
      )
    )
  )

const start = async (peer: Peer, behind: number): Promise<void> => {
  const port = await freePort()
  const home = path.join(folder, peer.name)
  fs.mkdirSync(home)
  const files = { zone, reverse, ...peer.files({ folder: home, port, behind }) }
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(home, name), text)
  const child = spawn(peer.program, peer.words(home), { stdio: ["ignore", "pipe", "pipe"] })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += String(text)))
  running.push({
    stop: async () => {
      if (child.exitCode !== null) return
      const ended = new Promise((resolve) => child.once("close", resolve))
      child.kill("SIGKILL")
      await ended
    }
  })
  const answers = Effect.scoped(
    Effect.flatMap(
      Dns.make({
        servers: [`127.0.0.1:${port}`],
        hosts: false,
        timeout: "200 millis",
        attempts: 1,
        cache: { maxOctets: 0 }
      }),
      (dns) => dns.resolve("host.lab.example", "A")
    )
  )
  for (let i = 0; i < 50; i++) {
    const answer = await Effect.runPromise(Effect.result(answers))
    if (answer._tag === "Success" && answer.success.kind === "records") {
      ports.set(peer.name, port)
      return
    }
    if (child.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${peer.name} does not answer: ${said.slice(-2_000)}`)
}

const absent = (peer: Peer): string | undefined =>
  !fs.existsSync(peer.program)
    ? `${peer.program} is not installed`
    : peer.recursive === true && !fs.existsSync(peers[0]!.program)
      ? "it needs NSD behind it"
      : undefined

beforeAll(async () => {
  for (const peer of peers) {
    const reason = absent(peer)
    if (reason !== undefined) console.log(`${peer.name} is left out: ${reason}`)
    else await start(peer, ports.get("NSD") ?? 0)
  }
}, 60_000)

afterAll(async () => {
  await Promise.all(running.map(({ stop }) => stop()))
  fs.rmSync(folder, { recursive: true, force: true })
}, 20_000)

for (const peer of peers) {
  describe.skipIf(absent(peer) !== undefined)(`against ${peer.name}`, () => {
    const dns = (options: Dns.Options = {}) =>
      Dns.make({ servers: [`127.0.0.1:${ports.get(peer.name)}`], hosts: false, order: false, ...options })

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
