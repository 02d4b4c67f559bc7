import { assert, describe, it } from "@effect/vitest"
import { LookupAddress, LookupHost } from "@handoff/core"
import { GetAddrInfo, GetHostByAddress, GetHostByName, GetNameInfo, Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import * as AddressResolver from "effect/net/AddressResolver"
import * as Dns from "effect/net/Dns"
import * as NetAddress from "effect/net/NetAddress"
import * as Schema from "effect/Schema"
import { once } from "node:events"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as os from "node:os"
import { Agent, request } from "undici"

const ip = NetAddress.ipFromStringUnsafe
const inet = NetAddress.inetAddressFromStringUnsafe
const loopback = Object.entries(os.networkInterfaces()).find(([, all]) => all?.some(({ internal }) => internal))?.[0]

for (const backend of ["addon", "workers"] as const) {
  const make = Libc.make({ backend, threads: 2 })
  const provided = Effect.provide(Libc.layer({ backend, threads: 2 }))

  describe(`name service by ${backend}`, () => {
    it.live("is what was asked for", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* make).backend, backend)
      })
    )

    it.live("looks a host up by all that the platform consults", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const found = yield* libc.run(new LookupHost({ name: "localhost", family: "IPv4" }))
        assert.deepStrictEqual(found.map(NetAddress.formatIp), ["127.0.0.1"])
        assert.deepStrictEqual(yield* libc.run(new LookupHost({ name: "::1" })), [ip("::1")])
        assert.include(yield* libc.run(new LookupAddress({ address: ip("127.0.0.1") })), "localhost")
      })
    )

    it.live("answers what is no name without asking anybody", () =>
      Effect.gen(function* () {
        const libc = yield* make
        for (const name of ["", "a\0b", "x".repeat(2000), "\u{10ffff}"]) {
          const error = yield* Effect.flip(libc.run(new LookupHost({ name })))
          assert.strictEqual(error._tag === "LookupError" && error.reason, "BadName", JSON.stringify(name.slice(0, 9)))
        }
      })
    )

    it.live("turns a service's name into a port, for each socket type", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const { addresses } = yield* libc.run(new GetAddrInfo({ name: "127.0.0.1", service: "80" }))
        assert.deepStrictEqual(addresses.slice(0, 2), [
          { address: inet("127.0.0.1:80"), socketType: "stream", protocol: 6 },
          { address: inet("127.0.0.1:80"), socketType: "datagram", protocol: 17 }
        ])
        const one = yield* libc.run(
          new GetAddrInfo({ name: "::1", service: "8080", socketType: "datagram", protocol: "udp" })
        )
        assert.deepStrictEqual(one.addresses, [{ address: inet("[::1]:8080"), socketType: "datagram", protocol: 17 }])
      })
    )

    it.live("gives this machine's addresses to bind to when there is no name", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const ask = (flags: GetAddrInfo["flags"] & {}) =>
          Effect.map(
            libc.run(new GetAddrInfo({ service: "53", family: "IPv4", socketType: "stream", flags })),
            ({ addresses }) => addresses.map(({ address }) => NetAddress.formatInet(address))
          )
        assert.deepStrictEqual(yield* ask(["AI_PASSIVE"]), ["0.0.0.0:53"])
        assert.deepStrictEqual(yield* ask([]), ["127.0.0.1:53"])
      })
    )

    it.live("maps IPv4 into IPv6, and says the canonical name, when told to", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const { addresses, canonicalName } = yield* libc.run(
          new GetAddrInfo({
            name: "127.0.0.1",
            family: "IPv6",
            socketType: "stream",
            flags: ["AI_V4MAPPED", "AI_ALL", "AI_CANONNAME", "AI_NUMERICHOST"]
          })
        )
        assert.strictEqual(
          NetAddress.formatIp(addresses[0].address.address),
          NetAddress.formatIp(ip("::ffff:127.0.0.1"))
        )
        assert.isString(canonicalName)
      })
    )

    it.live("reads a name in Unicode with AI_IDN", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const error = yield* Effect.flip(
          libc.run(new GetAddrInfo({ name: "faß.example.invalid.", flags: ["AI_IDN", "AI_NUMERICHOST"] }))
        )
        // Not an address, so nobody is asked; but the name could be written in ASCII, or it were EAI_IDN_ENCODE.
        assert.strictEqual(error._tag === "EaiError" && error.code, "EAI_NONAME")
      })
    )

    it.live("keeps the scope of a link-local address", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const { addresses } = yield* libc.run(
          new GetAddrInfo({ name: `fe80::1%${loopback}`, service: "1", socketType: "stream" })
        )
        const { address } = addresses[0]
        assert.isTrue(NetAddress.isInetAddressV6(address) && address.scopeId > 0)
        const { host } = yield* libc.run(new GetNameInfo({ address, flags: ["NI_NUMERICHOST", "NI_NUMERICSERV"] }))
        assert.strictEqual(host, `fe80::1%${loopback}`)
      })
    )

    it.live("names an address and its service with getnameinfo's flags", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const ask = (text: string, flags: GetNameInfo["flags"] & {}) =>
          libc.run(new GetNameInfo({ address: inet(text), flags }))
        assert.strictEqual((yield* ask("127.0.0.1:80", ["NI_NUMERICSERV"])).host, "localhost")
        assert.deepStrictEqual(yield* ask("[::1]:53", ["NI_NUMERICHOST", "NI_NUMERICSERV"]), {
          host: "::1",
          service: "53"
        })
      })
    )

    it.live("gives host entries both ways", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const entry = yield* libc.run(new GetHostByName({ name: "localhost" }))
        assert.strictEqual(entry.name, "localhost")
        assert.deepStrictEqual(entry.addresses, [ip("127.0.0.1")])
        const back = yield* libc.run(new GetHostByAddress({ address: ip("127.0.0.1") }))
        assert.strictEqual(back.name, "localhost")
      })
    )

    it.live("says whose fault a failure is", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const failures = [
          [{ name: "localhost", flags: ["AI_NUMERICHOST"] }, "EAI_NONAME", "name"],
          [{ name: "127.0.0.1", service: "no-such-service", socketType: "stream" }, "EAI_SERVICE", "caller"],
          [{ name: "127.0.0.1", service: "http", flags: ["AI_NUMERICSERV"] }, "EAI_NONAME", "name"],
          [{ flags: ["AI_CANONNAME"], service: "1" }, "EAI_BADFLAGS", "caller"],
          [{ name: "127.0.0.1", family: "IPv6", flags: ["AI_NUMERICHOST"] }, "EAI_ADDRFAMILY", "name"],
          [{ name: "127.0.0.1", socketType: "stream", protocol: "udp" }, "EAI_SOCKTYPE", "caller"]
        ] as const
        for (const [payload, code, fault] of failures) {
          const error = yield* Effect.flip(libc.run(new GetAddrInfo(payload)))
          assert.strictEqual(error._tag, "EaiError")
          if (error._tag !== "EaiError") continue
          assert.deepStrictEqual([error.code, error.fault, error.canRetry], [code, fault, false])
          assert.include(error.message, code)
        }
      })
    )

    it.live("is Effect's own Dns and AddressResolver", () =>
      Effect.gen(function* () {
        const dns = yield* Dns.Dns
        const found = yield* dns.lookup("localhost", { family: "IPv4" })
        assert.deepStrictEqual(found.map(NetAddress.formatIp), ["127.0.0.1"])
        assert.include([...(yield* dns.reverse("127.0.0.1"))].join(), "localhost")
        const error = yield* Effect.flip(dns.resolve("localhost", "MX"))
        assert.strictEqual(error.reason, "Unsupported")
        const resolver = yield* AddressResolver.AddressResolver
        assert.isDefined(resolver)
      }).pipe(Effect.provide(Libc.layerDns), provided)
    )

    it.live("is the lookup function of http and of undici", () =>
      Effect.gen(function* () {
        const libc = yield* make
        const server = http.createServer((_request, response) => response.end("here"))
        yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
        server.listen(0, "127.0.0.1")
        yield* Effect.promise(() => once(server, "listening"))
        const { port } = server.address() as AddressInfo
        const lookup = Libc.nodeLookup(libc)
        const [response] = yield* Effect.promise(
          () =>
            once(http.get({ host: "localhost", port, family: 4, lookup, agent: false }), "response") as Promise<
              [http.IncomingMessage]
            >
        )
        assert.strictEqual(response.statusCode, 200)
        response.resume()
        const dispatcher = new Agent({ connect: { lookup, family: 4 } })
        const answer = yield* Effect.promise(() => request(`http://localhost:${port}/`, { dispatcher }))
        assert.strictEqual(yield* Effect.promise(() => answer.body.text()), "here")
        yield* Effect.promise(() => dispatcher.close())
        assert.isAtLeast((yield* libc.stats).done, 2)
      })
    )
  })
}

describe("a lookup as data", () => {
  it("and its answer survive a structured clone, scope and all", () => {
    const task = new GetAddrInfo({ name: "x", service: "http", flags: ["AI_IDN"], protocol: 132 })
    assert.deepStrictEqual(structuredClone(Schema.encodeSync(GetAddrInfo.payload)(task)), {
      name: "x",
      service: "http",
      flags: ["AI_IDN"],
      protocol: 132
    })
    const address = NetAddress.inetAddressFromInputUnsafe({ address: "fe80::1", port: 0, scopeId: 3 })
    const found = { addresses: [{ address, socketType: "stream", protocol: 6 }] } as const
    const wire = structuredClone(Schema.encodeSync(GetAddrInfo.success)(found))
    assert.deepStrictEqual(Schema.decodeSync(GetAddrInfo.success)(wire), found)
  })
})
