/** DNS over TLS and HTTPS on real loopback sockets: who is believed, that connections are kept, and discovery. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Discovery, Dns, type Endpoint } from "@handoff/dns"
import { Name, type ResourceRecord } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { certificates } from "../support/certificates.ts"
import * as ScriptedServer from "../support/ScriptedServer.ts"
import * as SecureServer from "../support/SecureServer.ts"

const { a, asked, reply } = ScriptedServer

const fine: ScriptedServer.Script = (heard) => [reply(heard, { answers: [a(asked(heard), "192.0.2.7")] })]
const { ca, pin } = certificates()

const dns = (endpoint: Endpoint.Endpoint, options: Dns.Options = {}) =>
  Dns.make({
    servers: [endpoint],
    hosts: false,
    cache: { maxOctets: 0 },
    timeout: "2 seconds",
    attempts: 1,
    ...options
  })

const ways = (server: SecureServer.SecureServer) =>
  ({
    tls: { protocol: "tls", address: "127.0.0.1", port: server.tlsPort },
    https: { protocol: "https", address: "127.0.0.1", port: server.httpsPort }
  }) as const

for (const protocol of ["tls", "https"] as const) {
  describe(`DNS over ${protocol}`, () => {
    const cases: ReadonlyArray<readonly [string, Partial<Endpoint.Endpoint>, boolean]> = [
      [
        "strict: a server with a certificate for the name, from an authority that is trusted",
        { name: "dns.example", ca },
        true
      ],
      ["strict: another name is refused", { name: "other.example", ca }, false],
      ["strict: an authority that is not trusted is refused", { name: "dns.example" }, false],
      ["strict: a pinned key needs no authority (RFC 7858 section 4.2)", { pins: [pin] }, true],
      [
        "strict: another key than the pinned is refused",
        { pins: [Buffer.alloc(32).toString("base64")], name: "dns.example", ca },
        false
      ],
      ["opportunistic: anyone is believed (RFC 8310 section 5)", {}, true],
      [
        "a certificate for the server's address, as DDR wants it",
        { name: "whatever.example", certificateFor: "127.0.0.1", ca },
        true
      ]
    ]
    for (const [name, fields, accepted] of cases) {
      it.live(name, () =>
        Effect.gen(function* () {
          const server = yield* SecureServer.make(fine)
          const resolver = yield* dns({ ...ways(server)[protocol], ...fields })
          const result = yield* Effect.result(resolver.resolve("x.example", "A"))
          assert.strictEqual(result._tag, accepted ? "Success" : "Failure")
          if (result._tag === "Success") assert.strictEqual(result.success.transport, protocol)
          else assert.strictEqual(server.heard.length, 0, "a question was told to someone who should not know it")
        })
      )
    }
  })
}

describe("a cache between the server and us (RFC 8484 section 5.1)", () => {
  for (const [age, ttl] of [
    ["25", 35],
    ["100", 0],
    ["nonsense", 60],
    ["-5", 60]
  ] as const) {
    it.live(`Age: ${age} leaves ${ttl} of a TTL of 60`, () =>
      Effect.gen(function* () {
        const server = yield* SecureServer.make(fine, age)
        const resolver = yield* dns({ ...ways(server).https, name: "dns.example", ca, method: "GET" })
        const answer = yield* resolver.resolve("x.example", "A")
        assert.deepStrictEqual([answer.ttl, answer.records[0]!.ttl], [ttl, ttl])
        assert.strictEqual(answer.message!.edns, undefined)
      })
    )
  }
})

describe("kept connections", () => {
  it.live("a hundred questions over TLS share one connection", () =>
    Effect.gen(function* () {
      const server = yield* SecureServer.make(fine)
      const resolver = yield* dns({ ...ways(server).tls, name: "dns.example", ca })
      yield* Effect.forEach(
        Array.from({ length: 100 }, (_, i) => `n${i}.example`),
        (name) => resolver.resolve(name, "A"),
        { concurrency: 20 }
      )
      assert.strictEqual(server.opened(), 1)
      assert.strictEqual(server.heard.length, 100)
    })
  )

  it.live("a connection that the server closes is opened anew for the next question", () =>
    Effect.gen(function* () {
      const server = yield* SecureServer.make(fine)
      const resolver = yield* dns({ ...ways(server).tls, name: "dns.example", ca })
      yield* resolver.resolve("one.example", "A")
      server.hangUp()
      yield* resolver.resolve("two.example", "A")
      assert.strictEqual(server.opened(), 2)
    })
  )

  it.live("over HTTPS with GET the id is zero, so that a cache on the way can help (RFC 8484 section 4.1)", () =>
    Effect.gen(function* () {
      const server = yield* SecureServer.make(fine)
      const resolver = yield* dns({ ...ways(server).https, name: "dns.example", ca, method: "GET" })
      yield* Effect.forEach(["one.example", "two.example"], (name) => resolver.resolve(name, "A"))
      for (const line of server.heard) assert.match(line, /^GET \/dns-query\?dns=AAA/)
    })
  )

  it.live("a server that answers 503 is told as unreachable", () =>
    Effect.gen(function* () {
      const server = yield* SecureServer.make(() => [])
      const resolver = yield* dns({ ...ways(server).https, name: "dns.example", ca })
      const error = yield* Effect.flip(resolver.resolve("one.example", "A"))
      assert.strictEqual(error.code, "HTTP503")
    })
  )

  it.live("closing the resolver ends within a second with everything in flight", () =>
    Effect.gen(function* () {
      const server = yield* SecureServer.make(() => [])
      const begun = Date.now()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const resolver = yield* dns({ ...ways(server).tls, name: "dns.example", ca }, { timeout: "30 seconds" })
          yield* Effect.forkChild(resolver.resolve("one.example", "A"))
          yield* Effect.sleep(50)
        })
      )
      assert.isTrue(Date.now() - begun < 1_050)
    })
  )
})

describe("RFC 9462: discovery of encrypted resolvers", () => {
  const designates =
    (server: SecureServer.SecureServer): ScriptedServer.Script =>
    (heard) => {
      if (asked(heard) !== "_dns.resolver.arpa") return fine(heard)
      const svcb = (priority: number, params: ReadonlyArray<object>) =>
        ({
          name: Name.fromText("_dns.resolver.arpa."),
          type: "SVCB",
          class: "IN",
          ttl: 60,
          data: { priority, target: Name.fromText("dns.example."), params }
        }) as unknown as ResourceRecord.ResourceRecord
      const hint = { key: "ipv4hint", value: ["127.0.0.1"] }
      return [
        reply(heard, {
          answers: [
            svcb(1, [
              { key: "alpn", value: ["h2"] },
              { key: "port", value: server.httpsPort },
              hint,
              { key: "dohpath", value: "/dns-query{?dns}" }
            ]),
            svcb(2, [{ key: "alpn", value: ["dot"] }, { key: "port", value: server.tlsPort }, hint])
          ]
        })
      ]
    }

  it.live("a plain server that designates encrypted ways is asked over them", () =>
    Effect.gen(function* () {
      const secure = yield* SecureServer.make(fine)
      const plain = yield* ScriptedServer.make(designates(secure))
      const asks = yield* Dns.make({ servers: [plain.text], hosts: false })
      const found = yield* Discovery.discover(asks)
      assert.deepStrictEqual(
        found.map(({ protocol, port }) => [protocol, port]),
        [
          ["https", secure.httpsPort],
          ["tls", secure.tlsPort]
        ]
      )
      const resolver = yield* Dns.make({ servers: found, hosts: false })
      const { transport } = yield* resolver.resolve("x.example", "A")
      assert.include(["https", "tls"], transport)
    })
  )

  it.live("with `discoverEncrypted` a resolver goes over to them by itself", () =>
    Effect.gen(function* () {
      const secure = yield* SecureServer.make(fine)
      const plain = yield* ScriptedServer.make(designates(secure))
      const resolver = yield* Dns.make({ servers: [plain.text], hosts: false, discoverEncrypted: true })
      const { transport } = yield* resolver.resolve("x.example", "A")
      assert.include(["https", "tls"], transport)
    })
  )

  it.live("and does so again when the system's configuration changes", () =>
    Effect.gen(function* () {
      const secure = yield* SecureServer.make(fine)
      const plain = yield* ScriptedServer.make(designates(secure))
      const home = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-dns-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => fs.rmSync(home, { recursive: true, force: true })))
      const resolvConf = path.join(home, "resolv.conf")
      fs.writeFileSync(resolvConf, "options timeout:3\n")
      const resolver = yield* Dns.make({ servers: [plain.text], hosts: false, resolvConf, discoverEncrypted: true })
      fs.writeFileSync(resolvConf, "options timeout:4\n")
      const upstream = () => resolver.resolver.upstream.servers.list.map(({ endpoint }) => endpoint.protocol).join()
      const followed = Effect.sync(() => resolver.resolver.options.timeout === 4_000 && upstream() === "https,tls")
      yield* Effect.repeat(followed, { until: (is) => is, schedule: Schedule.spaced("20 millis") }).pipe(
        Effect.timeout("5 seconds")
      )
    })
  )

  it.live("a server that designates nothing is asked plainly", () =>
    Effect.gen(function* () {
      const plain = yield* ScriptedServer.make((heard) =>
        asked(heard) === "_dns.resolver.arpa" ? [reply(heard, { rcode: 3 })] : fine(heard)
      )
      const resolver = yield* Dns.make({ servers: [plain.text], hosts: false, discoverEncrypted: true })
      const { transport } = yield* resolver.resolve("x.example", "A")
      assert.strictEqual(transport, "udp")
    })
  )
})
