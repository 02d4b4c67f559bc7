import * as Addon from "#libc/Addon"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import type { Answers, Ask } from "./support/ask.ts"
import * as PrivateSystem from "./support/PrivateSystem.ts"

const reason = PrivateSystem.unavailable()
if (reason !== undefined) console.log(`the platform's sources cannot be switched here: ${reason}`)

const hosts = `
127.0.0.1 localhost
192.0.2.10 db.example.org db database
192.0.2.11 only-in-files
192.0.2.12 both.example.org
2001:db8::12 both.example.org`

const zone = {
  records: {
    "both.example.org": ["198.51.100.12"],
    "only-in-dns.example.org": ["198.51.100.1", "198.51.100.2", "2001:db8::1"],
    "alias.example.org": ["alias=only-in-dns.example.org"],
    "short.example.org": ["198.51.100.3"],
    "two.dots": ["198.51.100.4"],
    "two.dots.example.org": ["198.51.100.5"],
    "xn--fa-hia.example.org": ["198.51.100.6"],
    "empty.example.org": [],
    "2.100.51.198.in-addr.arpa": ["ptr=only-in-dns.example.org", "ptr=second.example.org"]
  }
}

const resolvConf = "nameserver 127.0.0.1"

const ask = (
  system: Partial<PrivateSystem.System>,
  asks: ReadonlyArray<Ask>,
  options?: { readonly backend?: "addon" | "workers"; readonly environment?: Record<string, string> }
): Effect.Effect<Answers> =>
  Effect.promise(() =>
    PrivateSystem.run(
      { nsswitch: "hosts: files dns", hosts, resolvConf, zone, ...system },
      {
        file: new URL("./support/ask.ts", import.meta.url),
        args: [options?.backend ?? "addon", JSON.stringify(asks)],
        environment: options?.environment ?? {}
      }
    )
  )

const host = (name: string, family?: "IPv4" | "IPv6"): Ask => ["LookupHost", family ? { name, family } : { name }]

describe.skipIf(reason !== undefined)("the platform's sources, switched for real", { timeout: 60_000 }, () => {
  for (const backend of ["addon", "workers"] as const) {
    it.live(`files before DNS, by ${backend}: files win, DNS has the rest`, () =>
      Effect.gen(function* () {
        const { answers, asked } = yield* ask(
          {},
          [
            host("both.example.org", "IPv4"),
            host("both.example.org", "IPv6"),
            host("only-in-files"),
            host("only-in-dns.example.org", "IPv4"),
            host("nowhere.example.org"),
            ["LookupAddress", { address: "192.0.2.10" }],
            ["LookupAddress", { address: "198.51.100.2" }],
            ["GetHostByName", { name: "db" }],
            ["GetHostByName", { name: "alias.example.org" }],
            ["GetAddrInfo", { name: "alias.example.org", socketType: "stream", flags: ["AI_CANONNAME"] }],
            ["GetNameInfo", { address: "192.0.2.99:0", flags: ["NI_NAMEREQD"] }],
            ["GetAddrInfo", { name: "empty.example.org" }]
          ],
          { backend }
        )
        assert.deepStrictEqual(
          answers.slice(0, 3).map(({ value }) => value),
          [["192.0.2.12"], ["2001:db8::12"], ["192.0.2.11"]]
        )
        assert.notInclude(asked, "both.example.org")
        assert.sameMembers([...answers[3]!.value], ["198.51.100.1", "198.51.100.2"])
        const { _tag, code, reason } = answers[4]!.error!
        assert.deepStrictEqual([_tag, code, reason], ["LookupError", "EAI_NONAME", "NotFound"])
        assert.deepStrictEqual(answers[5]!.value, ["db.example.org", "db", "database"])
        assert.strictEqual(answers[6]!.value[0], "only-in-dns.example.org")
        assert.deepStrictEqual(answers[7]!.value, {
          name: "db.example.org",
          aliases: ["db", "database"],
          addresses: ["192.0.2.10"]
        })
        assert.deepInclude(answers[8]!.value, { name: "only-in-dns.example.org", aliases: ["alias.example.org"] })
        assert.strictEqual(answers[9]!.value.canonicalName, "only-in-dns.example.org")
        assert.strictEqual(answers[9]!.value.addresses.length, 3)
        assert.deepInclude(answers[10]!.error, { code: "EAI_NONAME", fault: "name" })
        assert.deepInclude(answers[11]!.error, { code: "EAI_NODATA", fault: "name" })
      })
    )
  }

  it.live("DNS before files: DNS wins, a name that is only in files is still found", () =>
    Effect.gen(function* () {
      const { answers, asked } = yield* ask({ nsswitch: "hosts: dns files" }, [
        host("both.example.org", "IPv4"),
        host("only-in-files")
      ])
      assert.deepStrictEqual(
        answers.map(({ value }) => value),
        [["198.51.100.12"], ["192.0.2.11"]]
      )
      assert.includeMembers([...asked], ["both.example.org", "only-in-files"])
    })
  )

  it.live("only files: nobody is asked over the network", () =>
    Effect.gen(function* () {
      const { answers, asked } = yield* ask({ nsswitch: "hosts: files" }, [
        host("only-in-files"),
        host("only-in-dns.example.org")
      ])
      assert.deepStrictEqual(answers[0]!.value, ["192.0.2.11"])
      assert.strictEqual(answers[1]!.error!.reason, "NotFound")
      assert.deepStrictEqual(asked, [])
    })
  )

  it.live("search and ndots decide what a short name means", () =>
    Effect.gen(function* () {
      const search = `${resolvConf}\nsearch example.org`
      const few = yield* ask({ resolvConf: `${search}\noptions ndots:1` }, [host("short"), host("two.dots", "IPv4")])
      assert.deepStrictEqual(
        few.answers.map(({ value }) => value),
        [["198.51.100.3"], ["198.51.100.4"]]
      )
      const many = yield* ask({ resolvConf: `${search}\noptions ndots:2` }, [host("two.dots", "IPv4")])
      assert.deepStrictEqual(many.answers[0]!.value, ["198.51.100.5"])
    })
  )

  it.live("a dead name server is a temporary failure, and its fault", () =>
    Effect.gen(function* () {
      const { answers } = yield* ask(
        { zone: { ...zone, mute: ["short.example.org"] }, resolvConf: `${resolvConf}\noptions timeout:1 attempts:1` },
        [host("short.example.org", "IPv4"), ["GetAddrInfo", { name: "short.example.org", family: "IPv4" }]]
      )
      assert.deepInclude(answers[0]!.error, { code: "EAI_AGAIN", reason: "Temporary" })
      assert.deepInclude(answers[1]!.error, { code: "EAI_AGAIN", fault: "server" })
    })
  )

  // The module was built for x64 and glibc.
  it.live.skipIf(Addon.target() !== "linux-x64-glibc")(
    "a module that hangs holds its thread only: others are served, and a time limit answers",
    () =>
      Effect.gen(function* () {
        const { abandoned, answers } = yield* ask(
          { nsswitch: "hosts: hang files" },
          [["GetAddrInfo", { name: "hang.example.org", timeout: 500 }], host("only-in-files")],
          { environment: { LD_LIBRARY_PATH: fileURLToPath(new URL("./nss", import.meta.url)) } }
        )
        assert.deepInclude(answers[0]!.error, { code: "EAI_TIMEOUT", fault: "server" })
        assert.isAtLeast(answers[0]!.millis, 490)
        assert.deepStrictEqual(answers[1]!.value, ["192.0.2.11"])
        assert.strictEqual(abandoned, 1)
      })
  )

  it.live("a name in Unicode is asked for in ASCII", () =>
    Effect.gen(function* () {
      const { answers, asked } = yield* ask({}, [
        host("fa\u00df.example.org", "IPv4"),
        ["GetAddrInfo", { name: "fa\u00df.example.org", family: "IPv4", flags: ["AI_IDN"] }]
      ])
      assert.deepStrictEqual(answers[0]!.value, ["198.51.100.6"])
      // The platform's own conversion needs libidn2.
      if (answers[1]!.error !== undefined) assert.strictEqual(answers[1]!.error.code, "EAI_IDN_ENCODE")
      assert.include(asked, "xn--fa-hia.example.org")
    })
  )

  it.live("services have names and ports, by socket type", () =>
    Effect.gen(function* () {
      const services = "http 80/tcp\nboth 700/tcp\nboth 701/udp\nword 7000/tcp\nother 7000/udp"
      const { answers } = yield* ask({ services }, [
        ["GetAddrInfo", { name: "127.0.0.1", service: "http" }],
        ["GetAddrInfo", { name: "127.0.0.1", service: "both" }],
        ["GetAddrInfo", { name: "127.0.0.1", service: "http", socketType: "datagram" }],
        ["GetNameInfo", { address: "192.0.2.10:7000" }],
        ["GetNameInfo", { address: "192.0.2.10:7000", flags: ["NI_DGRAM", "NI_NUMERICHOST"] }]
      ])
      assert.deepStrictEqual(answers[0]!.value.addresses, [
        { address: "127.0.0.1:80", socketType: "stream", protocol: 6 }
      ])
      assert.deepStrictEqual(
        answers[1]!.value.addresses.map((found: any) => [found.address, found.socketType]),
        [
          ["127.0.0.1:700", "stream"],
          ["127.0.0.1:701", "datagram"]
        ]
      )
      assert.deepInclude(answers[2]!.error, { code: "EAI_SERVICE", fault: "caller" })
      assert.deepStrictEqual(answers[3]!.value, { host: "db.example.org", service: "word" })
      assert.deepStrictEqual(answers[4]!.value, { host: "192.0.2.10", service: "other" })
    })
  )

  it.live("AI_ADDRCONFIG leaves out a family of which the machine has no address", () =>
    Effect.gen(function* () {
      const name = "only-in-dns.example.org"
      const { answers } = yield* ask({ address: "192.0.2.200" }, [
        ["GetAddrInfo", { name, socketType: "stream", flags: ["AI_ADDRCONFIG"] }],
        ["GetAddrInfo", { name, socketType: "stream" }]
      ])
      const found = answers.map(({ value }) => value.addresses.map(({ address }: { address: string }) => address))
      assert.sameMembers(found[0], ["198.51.100.1:0", "198.51.100.2:0"])
      assert.sameMembers(found[1], ["198.51.100.1:0", "198.51.100.2:0", "[2001:db8::1]:0"])
    })
  )
})
