import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { Trouble } from "#demo/program/Trouble"
import * as ZoneSource from "#demo/survey/ZoneSource"
import { handoff, json, start } from "./support/command.ts"

const file = Path.join(Os.tmpdir(), "db.example")

const hosts = (text: string, origin?: string) => {
  const targets = ZoneSource.targets(file, text, origin)
  return targets instanceof Trouble ? targets.message : targets.map(({ host }) => host)
}

describe("a zone file", () => {
  it("gives each owner of an address or an alias once, in order, and no wildcard", () => {
    const text = [
      "$ORIGIN example.org.",
      "$TTL 1h",
      "@ SOA ns hostmaster 1 2 3 4 5",
      "  NS ns",
      "  A 192.0.2.1",
      "ns A 192.0.2.53",
      "www CNAME @",
      'www.  3600 IN TXT "not a host"',
      "ns AAAA 2001:db8::53",
      "* A 192.0.2.9",
      '_dmarc TXT "v=DMARC1"',
      "$GENERATE 1-3 web$ A 192.0.2.$"
    ].join("\n")
    const all = [
      "example.org",
      "ns.example.org",
      "www.example.org",
      "web1.example.org",
      "web2.example.org",
      "web3.example.org"
    ]
    assert.deepStrictEqual(hosts(text), all)
    assert.deepStrictEqual(hosts(text.replace("$ORIGIN example.org.\n", ""), "example.org"), all)
  })

  it("that includes another reads it from its own folder, and from nowhere else", () => {
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-test-"))
    try {
      Fs.writeFileSync(Path.join(folder, "more"), "b 60 A 192.0.2.2\n")
      const main = Path.join(folder, "main")
      const targets = ZoneSource.targets(main, "a 60 A 192.0.2.1\n$INCLUDE more\n", "example")
      assert.deepStrictEqual(
        (targets as ReadonlyArray<{ host: string }>).map(({ host }) => host),
        ["a.example", "b.example"]
      )
      const outside = ZoneSource.targets(main, "$INCLUDE /etc/passwd\n", "example")
      assert.instanceOf(outside, Trouble)
      assert.include(outside.message, "outside the folder")
    } finally {
      Fs.rmSync(folder, { recursive: true })
    }
  })

  it("with a mistake says where it is, and what to do", () => {
    assert.match(String(hosts("a 60 A 192.0.2.1\nb 60 A nonsense\n", "example")), /db\.example:2:\d+: /)
  })

  it("is not blamed for an origin that is no name", () => {
    assert.match(String(hosts("a 60 A 192.0.2.1\n", "a..b")), /^--origin "a\.\.b" is not a name/)
  })

  it.live(
    "comes from standard input as well: what a transfer of a zone prints",
    () =>
      Effect.gen(function* () {
        const end = yield* handoff(
          ["survey", "--zone", "--name-server", "127.0.0.1:9", "--executor", "dns,reactor", "-"],
          {
            stdin: "example. 60 IN SOA ns.example. root.example. 1 1 1 1 1\na.example.\t60\tIN\tA\t127.0.0.1\n"
          }
        )
        assert.strictEqual(end.code, 0, end.stderr)
        assert.deepStrictEqual(
          json(end.stdout).map(({ host }) => host),
          ["a.example"]
        )
      }),
    60_000
  )

  it.live(
    "that is still being written to standard input is not waited for after Ctrl-C",
    () =>
      Effect.gen(function* () {
        const running = start(["survey", "--zone", "-"])
        // More than a pipe holds: when it has been written, it is being read.
        yield* Effect.callback<void>(
          (resume) => void running.child.stdin.write("; nothing yet\n".repeat(100_000), () => resume(Effect.void))
        )
        running.child.kill("SIGINT")
        const end = yield* Effect.promise(() => running.ended)
        assert.deepStrictEqual([end.code, end.stderr], [130, ""])
      }),
    60_000
  )
})
