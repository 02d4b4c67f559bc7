import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as HostsFile from "#demo/survey/HostsFile"
import type * as Target from "#demo/survey/Target"

const read = (...pieces: ReadonlyArray<string | Uint8Array>) =>
  Stream.runCollect(
    HostsFile.decode(
      Stream.fromIterable(pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece)))
    )
  )

const target = (line: number, host: string, rest: Partial<Target.Target> = {}): Target.Target => ({
  _tag: "Target",
  line,
  host,
  isAddress: false,
  ports: [],
  ...rest
})

const longLabel = "a".repeat(64)
const longName = `${"a.".repeat(126)}ab`

/** A line, and what its error must say. */
const nonsense: ReadonlyArray<readonly [line: string | Uint8Array, says: string]> = [
  ["", "empty line"],
  ["   \t ", "empty line"],
  [longName, "name too long: 254 octets, at most 253"],
  [`${longLabel}.example.org`, "label too long: 64 octets, at most 63"],
  ["a..example.org", "empty label"],
  [".example.org", "empty label"],
  ["exa mple.org", "not a port"],
  ["-a.example.org", "inner hyphens"],
  ["a!b.example.org", "only letters"],
  ["\u0000\u0001\u0002", "only letters"],
  ["http://example.org/", "a URL; write the host of it alone"],
  ["example.org:443", "ports come after a blank"],
  ["[2001:db8::1]", "no brackets"],
  ["[2001:db8::1]:443", "ports come after a blank"],
  ["fe80::1%eth0 22", "an address with a zone"],
  ["*.example.org", "a wildcard"],
  ["example.org,22", "blanks, not commas"],
  ["192.0.2.77/24", "a range begins with its first address: 192.0.2.0/24"],
  ["192.0.2.0/33", "not a range of addresses"],
  ["300.1.1.1", "not an address"],
  ["1.2.3", "not an address"],
  ["example.org 0", "not a port: 0"],
  ["example.org 65536", "not a port: 65536"],
  ["example.org 80/gopher", "not a protocol"],
  ["exa\u2028mple\u3002.org", "not a name"],
  ["\u009b31mred\u202etxt", "IDNA does not allow"],
  [new Uint8Array([0x66, 0xff, 0xfe, 0x67]), "not UTF-8"],
  [new Uint8Array([0xc3]), "not UTF-8"],
  ["x".repeat(10_000), "line too long: 10000 octets, at most 4096"]
]

describe("a hosts file", () => {
  it.effect("gives a target for each name and address, with the ports of its own", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* read(
          "Example.ORG.\n# only a comment\n192.0.2.1 22 8080\r\n2001:DB8:0:0::1 80 25/http # why\n_a._tcp.example.org"
        ),
        [
          target(1, "example.org"),
          target(3, "192.0.2.1", {
            isAddress: true,
            ports: [
              { port: 22, protocol: "ssh" },
              { port: 8080, protocol: "http" }
            ]
          }),
          target(4, "2001:db8::1", {
            isAddress: true,
            ports: [
              { port: 80, protocol: "http" },
              { port: 25, protocol: "http" }
            ]
          }),
          target(5, "_a._tcp.example.org")
        ]
      )
    })
  )

  it.effect("gives a target for each address of a range", () =>
    Effect.gen(function* () {
      const entries = yield* read("192.0.2.252/30 22\n2001:db8::fffe/127\n10.0.0.0/7\n")
      const ports = [{ port: 22, protocol: "ssh" as const }]
      assert.deepStrictEqual(entries.slice(0, 6), [
        ...["192.0.2.252", "192.0.2.253", "192.0.2.254", "192.0.2.255"].map((host) =>
          target(1, host, { isAddress: true, ports })
        ),
        target(2, "2001:db8::fffe", { isAddress: true }),
        target(2, "2001:db8::ffff", { isAddress: true })
      ])
      assert.include((entries[6] as Target.Reject).reason, "a range of 33554432 addresses, at most 16777216")
    })
  )

  it.effect(
    "of ranges that are a thousand million addresses gives the first ones at once, and knows how many there are",
    () =>
      Effect.gen(function* () {
        const count: HostsFile.Count = { lines: 0, hosts: 0 }
        const octets = new TextEncoder().encode("# a comment\n10.255.254.0/23\n".concat("10.0.0.0/8\n".repeat(64)))
        const before = process.memoryUsage().heapUsed
        const first = yield* HostsFile.decode(Stream.make(octets), count).pipe(Stream.take(514), Stream.runCollect)
        assert.isBelow(process.memoryUsage().heapUsed - before, 100_000_000)
        const hosts = first.map((entry) => (entry._tag === "Target" ? entry.host : ""))
        assert.deepStrictEqual(
          [hosts[0], hosts[255], hosts[256], hosts[511], hosts[512], hosts[513]],
          ["10.255.254.0", "10.255.254.255", "10.255.255.0", "10.255.255.255", "10.0.0.0", "10.0.0.1"]
        )
        assert.deepStrictEqual(count, { lines: 66, hosts: 512 + 64 * 2 ** 24 })
      })
  )

  it.effect("takes international names, a byte order mark and the longest name there is", () =>
    Effect.gen(function* () {
      const longest = `${"a.".repeat(126)}a`
      assert.deepStrictEqual(yield* read(`\ufeffb\u00fccher.example\n${longest}\n`), [
        target(1, "xn--bcher-kva.example"),
        target(2, longest)
      ])
    })
  )

  it.effect.each(nonsense)("says what is wrong with a nonsense line, and goes on: case %#", ([line, says]) =>
    Effect.gen(function* () {
      const octets = typeof line === "string" ? new TextEncoder().encode(line) : line
      const entries = yield* read("before.example\n", octets, "\nafter.example\n")
      assert.strictEqual(entries.length, 3)
      const [before, reject, after] = entries
      assert.deepStrictEqual(before, target(1, "before.example"))
      assert.deepStrictEqual(after, target(3, "after.example"))
      if (reject?._tag !== "Reject") return assert.fail(`not rejected: ${JSON.stringify(reject)}`)
      assert.strictEqual(reject.line, 2)
      assert.include(reject.reason, says)
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(reject.excerpt, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
      assert.isAtMost(reject.excerpt.length, 500)
    })
  )

  it.effect("is the same however its octets are cut", () =>
    Effect.gen(function* () {
      const octets = new TextEncoder().encode("a.example\n\nb.example 22\r\nb\u00fccher.example\nlast.example")
      const whole = yield* read(octets)
      for (const size of [1, 2, 3, 7]) {
        const pieces = []
        for (let at = 0; at < octets.length; at += size) pieces.push(octets.slice(at, at + size))
        assert.deepStrictEqual(yield* read(...pieces), whole)
      }
    })
  )

  it.effect("of any octets is read to its end, a line for each newline", () =>
    Effect.gen(function* () {
      let state = 42
      const octets = new Uint8Array(200_000).map(() => (state = (state * 1_103_515_245 + 12_345) >>> 0) >>> 24)
      const lines = octets.filter((octet) => octet === 10).length
      const entries = yield* read(octets, "\nend.example\n")
      assert.deepStrictEqual(entries.at(-1), target(lines + 2, "end.example"))
    })
  )

  it.effect("of 100,000 lines is read line by line", () =>
    Effect.gen(function* () {
      const lines = Array.from({ length: 100_000 }, (_, index) =>
        index % 2 === 0 ? `host-${index}.example` : `${longLabel}.example`
      )
      const entries = yield* read(lines.join("\n"))
      assert.strictEqual(entries.length, 100_000)
      assert.strictEqual(entries.filter((entry) => entry._tag === "Reject").length, 50_000)
      assert.deepStrictEqual(entries.at(-2), target(99_999, "host-99998.example"))
    })
  )

  it.effect("that is empty gives nothing", () => Effect.map(read(), (entries) => assert.deepStrictEqual(entries, [])))
})
