/** The system's configuration: resolv.conf(5) and hosts(5) as glibc reads them, and changes taken up. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { LookupAddress, LookupHost } from "@handoff/core"
import { AddressResolver, Dns as EffectDns } from "effect/net"
import { Dns } from "@handoff/dns"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import { addressOrder, HostsFile, ResolvConf } from "#internal"
import * as ScriptedServer from "./support/ScriptedServer.ts"

const { a, asked, reply } = ScriptedServer

describe("resolv.conf(5)", () => {
  const parse = ResolvConf.parse

  it("reads every keyword and option", () => {
    const conf = parse(`# a comment
; another
nameserver 192.0.2.1
nameserver 2001:db8::1
nameserver fe80::1%3
nameserver 192.0.2.4
search One.example two.example.
sortlist 130.155.160.0/255.255.240.0 10.0.0.0
options ndots:3 timeout:7 attempts:4 rotate use-vc edns0 trust-ad no-aaaa inet6 single-request
`)
    assert.deepStrictEqual(conf.nameservers.map(NetAddress.formatInet), [
      "192.0.2.1:53",
      "[2001:db8::1]:53",
      "[fe80::1%3]:53"
    ])
    assert.deepStrictEqual(conf.search, ["One.example", "two.example"])
    assert.deepStrictEqual(conf.sortlist.map(String), ["130.155.160.0/20", "10.0.0.0/8"])
    const { attempts, edns0, ndots, noAaaa, otherOptions, rotate, timeout, trustAd, useVc } = conf
    assert.deepStrictEqual(
      { attempts, edns0, ndots, noAaaa, otherOptions, rotate, timeout, trustAd, useVc },
      {
        attempts: 4,
        edns0: true,
        ndots: 3,
        noAaaa: true,
        otherOptions: ["inet6", "single-request"],
        rotate: true,
        timeout: 7,
        trustAd: true,
        useVc: true
      }
    )
  })

  it("holds options in their limits, and passes over what makes no sense", () => {
    const conf = parse(
      "nameserver nonsense\n nameserver 192.0.2.9\noptions ndots:99 timeout:99 attempts:99 timeout:x\nfoo bar\n"
    )
    assert.deepStrictEqual([conf.ndots, conf.timeout, conf.attempts], [15, 30, 5])
    assert.deepStrictEqual(conf.nameservers.map(NetAddress.formatInet), ["127.0.0.1:53"])
  })

  it("the last of domain and search wins; without either the host's own domain is searched", () => {
    assert.deepStrictEqual(parse("search a.example b.example\ndomain c.example\n").search, ["c.example"])
    assert.deepStrictEqual(parse("domain c.example\nsearch a.example\n").search, ["a.example"])
    assert.deepStrictEqual(parse("", { hostname: "host.corp.example" }).search, ["corp.example"])
    assert.deepStrictEqual(parse("", { hostname: "host" }).search, [])
  })

  it("the environment overrides", () => {
    const conf = parse("search a.example\noptions ndots:1\n", {
      environment: { LOCALDOMAIN: "x.example y.example", RES_OPTIONS: "ndots:4 rotate" }
    })
    assert.deepStrictEqual([conf.search, conf.ndots, conf.rotate], [["x.example", "y.example"], 4, true])
  })

  it("a name server on a link has its interface by number or by name", () => {
    const scopeIds = new Map([["eth0", 2]])
    const servers = (text: string) => parse(text, { scopeIds }).nameservers.map(NetAddress.formatInet)
    assert.deepStrictEqual(servers("nameserver fe80::1%eth0\nnameserver fe80::2%7\nnameserver fe80::3%eth9\n"), [
      "[fe80::1%2]:53",
      "[fe80::2%7]:53"
    ])
  })

  it("an empty file means the name server of this machine", () => {
    assert.deepStrictEqual(parse("").nameservers.map(NetAddress.formatInet), ["127.0.0.1:53"])
  })
})

describe("hosts(5)", () => {
  it("has addresses by name and names by address, the canonical one first", () => {
    const hosts = HostsFile.parse(
      "127.0.0.1 localhost\n192.0.2.7 Host.Example host # a comment\n2001:db8::7 host.example\nnonsense line\n"
    )
    assert.deepStrictEqual(hosts.addresses.get("host.example")!.map(NetAddress.formatIp), ["192.0.2.7", "2001:db8::7"])
    assert.deepStrictEqual(hosts.names.get("192.0.2.7"), ["host.example", "host"])
  })
})

describe("files that change", () => {
  const folder = Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "handoff-system-"))),
    (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
  )
  const until = (holds: () => boolean) =>
    Effect.gen(function* () {
      for (let i = 0; i < 200 && !holds(); i++) yield* Effect.sleep(25)
      assert.isTrue(holds(), "not taken up within five seconds")
    })

  it.live("a hosts file that is replaced is read anew", () =>
    Effect.gen(function* () {
      const home = yield* folder
      const hosts = path.join(home, "hosts")
      fs.writeFileSync(hosts, "192.0.2.1 box.example\n")
      const server = yield* ScriptedServer.make((heard) => [reply(heard, { rcode: 3 })])
      const dns = yield* Dns.make({ servers: [server.text], hosts })
      const look = () => Effect.runSync(Effect.exit(dns.run(new LookupHost({ name: "box.example" }))))
      assert.include(JSON.stringify(look()), "192.0.2.1")
      fs.writeFileSync(`${hosts}.new`, "192.0.2.2 box.example\n")
      fs.renameSync(`${hosts}.new`, hosts)
      yield* until(() => JSON.stringify(look()).includes("192.0.2.2"))
      const names = yield* dns.run(new LookupAddress({ address: NetAddress.ipFromStringUnsafe("192.0.2.2") }))
      assert.deepStrictEqual([...names], ["box.example"])
      assert.strictEqual(server.heard.length, 0)
    })
  )

  it.live("a resolv.conf that changes changes the servers; what was in flight ends where it began", () =>
    Effect.gen(function* () {
      const home = yield* folder
      const resolvConf = path.join(home, "resolv.conf")
      fs.writeFileSync(resolvConf, "nameserver 192.0.2.1\nsearch one.example\n")
      const dns = yield* Dns.make({ resolvConf, hosts: false })
      const servers = () => dns.resolver.upstream.servers.list.map((server) => server.text).join()
      assert.strictEqual(servers(), "192.0.2.1:53")
      fs.writeFileSync(resolvConf, "nameserver 192.0.2.2\nnameserver 192.0.2.3\n")
      yield* until(() => servers() === "192.0.2.2:53,192.0.2.3:53")
    })
  )

  it.live("one that is a link is followed to where it leads, and when it leads elsewhere", () =>
    Effect.gen(function* () {
      const home = yield* folder
      const place = (name: string) => path.join(home, name)
      for (const name of ["etc", "run", "other"]) fs.mkdirSync(place(name))
      const write = (name: string, address: string) => {
        fs.writeFileSync(place(`${name}.new`), `nameserver ${address}\n`)
        fs.renameSync(place(`${name}.new`), place(name))
      }
      write("run/resolv.conf", "192.0.2.1")
      write("other/resolv.conf", "192.0.2.3")
      fs.symlinkSync("../run/resolv.conf", place("etc/resolv.conf"))
      const dns = yield* Dns.make({ resolvConf: place("etc/resolv.conf"), hosts: false })
      const servers = () => dns.resolver.upstream.servers.list.map((server) => server.text).join()
      assert.strictEqual(servers(), "192.0.2.1:53")
      write("run/resolv.conf", "192.0.2.2")
      yield* until(() => servers() === "192.0.2.2:53")
      fs.symlinkSync("../other/resolv.conf", place("etc/new"))
      fs.renameSync(place("etc/new"), place("etc/resolv.conf"))
      yield* until(() => servers() === "192.0.2.3:53")
      write("other/resolv.conf", "192.0.2.4")
      yield* until(() => servers() === "192.0.2.4:53")
    })
  )

  it.live("its options are followed, too, but for those that the program gave", () =>
    Effect.gen(function* () {
      const home = yield* folder
      const resolvConf = path.join(home, "resolv.conf")
      fs.writeFileSync(resolvConf, "nameserver 192.0.2.1\n")
      const dns = yield* Dns.make({ resolvConf, hosts: false, attempts: 4 })
      const now = () => {
        const { attempts, rotate, timeout, trustAd } = dns.resolver.options
        return { attempts, rotate, timeout, trustAd }
      }
      assert.deepStrictEqual(now(), { attempts: 4, rotate: false, timeout: 5_000, trustAd: false })
      fs.writeFileSync(resolvConf, "nameserver 192.0.2.1\noptions timeout:1 attempts:3 rotate trust-ad\n")
      yield* until(() => now().timeout === 1_000)
      assert.deepStrictEqual(now(), { attempts: 4, rotate: true, timeout: 1_000, trustAd: true })
    })
  )
})

describe("RFC 6724 section 10.2: destination address selection", () => {
  const cases: ReadonlyArray<
    readonly [string, ReadonlyArray<readonly [string, string | undefined]>, ReadonlyArray<string>]
  > = [
    [
      "prefer matching scope: the global address",
      [
        ["2001:db8:1::1", "2001:db8:1::2"],
        ["198.51.100.121", "169.254.13.78"]
      ],
      ["2001:db8:1::1", "198.51.100.121"]
    ],
    [
      "prefer matching scope: IPv4",
      [
        ["2001:db8:1::1", "fe80::1"],
        ["198.51.100.121", "198.51.100.117"]
      ],
      ["198.51.100.121", "2001:db8:1::1"]
    ],
    [
      "prefer higher precedence: IPv6 over IPv4",
      [
        ["10.1.2.3", "10.1.2.4"],
        ["2001:db8:1::1", "2001:db8:1::2"]
      ],
      ["2001:db8:1::1", "10.1.2.3"]
    ],
    [
      "prefer smaller scope",
      [
        ["2001:db8:1::1", "2001:db8:1::2"],
        ["fe80::1", "fe80::2"]
      ],
      ["fe80::1", "2001:db8:1::1"]
    ],
    [
      "prefer matching label: 6to4",
      [
        ["2002:c633:6401::1", "2002:c633:6401::2"],
        ["2001:db8:1::1", "2002:c633:6401::2"]
      ],
      ["2002:c633:6401::1", "2001:db8:1::1"]
    ],
    [
      "prefer higher precedence: native over 6to4",
      [
        ["2002:c633:6401::1", "2002:c633:6401::2"],
        ["2001:db8:1::1", "2001:db8:1::2"]
      ],
      ["2001:db8:1::1", "2002:c633:6401::1"]
    ],
    [
      "avoid unusable destinations",
      [
        ["2001:db8:1::1", undefined],
        ["198.51.100.121", "198.51.100.117"]
      ],
      ["198.51.100.121", "2001:db8:1::1"]
    ],
    [
      "the longest matching prefix, for IPv6",
      [
        ["2001:db8:2::1", "2001:db8:1::2"],
        ["2001:db8:1::1", "2001:db8:1::2"]
      ],
      ["2001:db8:1::1", "2001:db8:2::1"]
    ],
    [
      "else as they were",
      [
        ["192.0.2.1", "198.51.100.1"],
        ["192.0.2.2", "198.51.100.1"]
      ],
      ["192.0.2.1", "192.0.2.2"]
    ]
  ]
  for (const [name, given, expected] of cases) {
    it(name, () => {
      const ip = NetAddress.ipFromStringUnsafe
      const candidates = given.map(([address, source]) => ({
        address: ip(address),
        source: source === undefined ? undefined : ip(source)
      }))
      assert.deepStrictEqual(addressOrder.arrange(candidates).map(NetAddress.formatIp), expected)
      assert.deepStrictEqual(
        addressOrder.arrange(candidates.toReversed()).map(NetAddress.formatIp),
        name.startsWith("else") ? expected.toReversed() : expected
      )
    })
  }

  it("sortlist puts its networks first, where nothing else decides", () => {
    const { sortlist } = ResolvConf.parse("sortlist 192.0.2.128/255.255.255.128\n")
    const candidates = ["192.0.2.1", "192.0.2.200"].map((address) => ({
      address: NetAddress.ipFromStringUnsafe(address),
      source: NetAddress.ipFromStringUnsafe("198.51.100.1")
    }))
    assert.deepStrictEqual(addressOrder.arrange(candidates, sortlist).map(NetAddress.formatIp), [
      "192.0.2.200",
      "192.0.2.1"
    ])
  })
})

describe("layers", () => {
  const server = ScriptedServer.make((heard) => [reply(heard, { answers: [a(asked(heard), "192.0.2.7")] })])

  it.live("programs of Effect's own Dns and AddressResolver run on it without a change", () =>
    Effect.gen(function* () {
      const { text } = yield* server
      const program = Effect.gen(function* () {
        const dns = yield* EffectDns.Dns
        const resolver = yield* AddressResolver.AddressResolver
        return [
          (yield* dns.lookup("box.example", { family: "IPv4" })).map(NetAddress.formatIp),
          (yield* dns.resolve("box.example", "A")).length,
          (yield* resolver.resolve("box.example:80", { family: "IPv4" })).map(NetAddress.formatInet)
        ]
      })
      const found = yield* Effect.provide(program, Dns.layerEffect({ servers: [text], hosts: false }))
      assert.deepStrictEqual(found, [["192.0.2.7"], 1, ["192.0.2.7:80"]])
    })
  )

  it.live("options come from configuration", () =>
    Effect.gen(function* () {
      const { text } = yield* server
      const layer = Dns.layerConfig({
        servers: Config.map(Config.String("DNS_SERVERS"), (list) => list.split(",")),
        timeout: Config.Duration("DNS_TIMEOUT"),
        hosts: Config.succeed(false as const)
      })
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ DNS_SERVERS: text, DNS_TIMEOUT: "1 second" }))
      const answer = yield* Effect.flatMap(Dns.Dns, (dns) => dns.resolve("box.example", "A")).pipe(
        Effect.provide(layer),
        Effect.provide(provider)
      )
      assert.strictEqual(answer.server, text)
    })
  )
})
