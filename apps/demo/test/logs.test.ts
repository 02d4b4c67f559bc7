import { assert, describe, it } from "@effect/vitest"
import { Direct, type Executor, LookupAddress, LookupError, LookupHost, type Shared } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { gzipSync } from "node:zlib"
import * as Lab from "#demo/lab/Lab"
import * as Logs from "#demo/logs/Logs"
import { handoff, start, until } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { folder } from "./support/folder.ts"

/** Names `host-<address>`, except that 192.0.2.66 has none; the higher the last number, the sooner the answer. */
const executor = (asked: Array<string>, leadsBack = true) =>
  Direct.make([
    Direct.handle(LookupAddress, ({ address }) => {
      const text = NetAddress.formatIp(address)
      asked.push(text)
      if (text === "192.0.2.66") {
        return Effect.fail(new LookupError({ name: text, reason: "NotFound", code: "NXDOMAIN" }))
      }
      const name = `host-${text.replaceAll(/[.:]/g, "-")}.example`
      return Effect.delay(Effect.succeed([name] as const), 1_000 - Number(text.split(".").at(-1) ?? 0))
    }),
    Direct.handle(LookupHost, ({ name }) => {
      const text = leadsBack ? name.slice(5, -8).replaceAll("-", ".") : "192.0.2.99"
      return Effect.succeed([NetAddress.ipFromStringUnsafe(text)] as const)
    })
  ]) as Effect.Effect<Executor.Executor<Shared>, never, never>

interface Given {
  readonly field?: number
  readonly confirm?: boolean
  readonly leadsBack?: boolean
  readonly cut?: number
}

const rewrite = (lines: string | Uint8Array, given: Given = {}) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const octets = Buffer.from(lines as string, "latin1")
    const pieces = []
    const size = given.cut ?? octets.length + 1
    for (let at = 0; at < octets.length; at += size) pieces.push(octets.subarray(at, at + size))
    const { octets: out, statistics } = Logs.rewrite(
      yield* executor(asked, given.leadsBack),
      Stream.fromIterable(pieces),
      { field: given.field ?? 1, confirm: given.confirm ?? false, lookups: 100 }
    )
    const fiber = yield* Effect.forkChild(Stream.runCollect(out))
    yield* TestClock.adjust("1 hour")
    return { text: Buffer.concat(yield* Fiber.join(fiber)).toString("latin1"), asked, statistics }
  }).pipe(Effect.scoped)

const log = [
  '192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1',
  '2001:db8::7 - - "GET /a HTTP/1.1" 200 1',
  '192.0.2.200 - - "GET /b HTTP/1.1" 200 1',
  "",
  '192.0.2.1 - - "GET /c HTTP/1.1" 404 1',
  '192.0.2.66 - - "GET /d HTTP/1.1" 404 1',
  "no address here",
  '192.0.2.1.5 - "not one either"',
  '"192.0.2.1", "[192.0.2.1]"',
  "192.0.2.1:4711 with a port",
  "last without a newline"
].join("\n")

const named = log
  .replaceAll(/^("?)192\.0\.2\.1(?!\.)/gm, "$1host-192-0-2-1.example")
  .replace("2001:db8::7", "host-2001-db8--7.example")
  .replace("192.0.2.200", "host-192-0-2-200.example")

describe("logs", () => {
  it.effect("have names for addresses, in their order, each address asked for once", () =>
    Effect.gen(function* () {
      const { asked, statistics, text } = yield* rewrite(log)
      assert.strictEqual(text, named)
      assert.deepStrictEqual(asked, ["192.0.2.1", "2001:db8::7", "192.0.2.200", "192.0.2.66"])
      assert.deepStrictEqual(statistics, {
        lines: 11,
        addressed: 7,
        addresses: 4,
        named: 3,
        unconfirmed: 0,
        troubled: 0
      })
    })
  )

  it.effect("are the same however their octets are cut", () =>
    Effect.gen(function* () {
      for (const cut of [1, 2, 7, 64]) {
        const { statistics, text } = yield* rewrite(log, { cut })
        assert.strictEqual(text, named)
        assert.strictEqual(statistics.lines, 11)
      }
    })
  )

  it.effect("of any octets come out as they were, but for addresses", () =>
    Effect.gen(function* () {
      let state = 7
      const binary = new Uint8Array(300_000).map(() => (state = (state * 1_103_515_245 + 12_345) >>> 0) >>> 24)
      const { text } = yield* rewrite(binary, { cut: 4_096 })
      assert.isTrue(Buffer.from(text, "latin1").equals(binary))
      const megabyte = `192.0.2.1 ${"x".repeat(1_048_576)}\n192.0.2.1 y`
      assert.strictEqual(
        (yield* rewrite(megabyte, { cut: 65_536 })).text,
        megabyte.replaceAll("192.0.2.1", "host-192-0-2-1.example")
      )
    })
  )

  it.effect("have the address in the field that is asked for", () =>
    Effect.gen(function* () {
      const lines = "a 192.0.2.1 192.0.2.2\nb [192.0.2.1] c\nshort\n"
      const { text } = yield* rewrite(lines, { field: 2 })
      assert.strictEqual(text, "a host-192-0-2-1.example 192.0.2.2\nb [host-192-0-2-1.example] c\nshort\n")
    })
  )

  it.effect("keep an address whose name does not lead back to it, when that is asked for", () =>
    Effect.gen(function* () {
      const good = yield* rewrite("192.0.2.1 a\n", { confirm: true })
      assert.strictEqual(good.text, "host-192-0-2-1.example a\n")
      const bad = yield* rewrite("192.0.2.1 a\n", { confirm: true, leadsBack: false })
      assert.strictEqual(bad.text, "192.0.2.1 a\n")
      assert.strictEqual(bad.statistics.unconfirmed, 1)
    })
  )
})

describe("handoff logs", () => {
  it.live(
    "reads a file, standard input and gzip, and writes the same for each",
    () =>
      Effect.gen(function* () {
        const lab = yield* Lab.make({ network: aNetwork(), hosts: 50 })
        const args = ["--name-server", `${lab.nameServer.address}:${lab.nameServer.port}`, "--executor", "dns"]
        const hosts = lab.plan.hosts.filter(({ behaviour }) => behaviour !== "missing")
        const lines = Array.from(
          { length: 20_000 },
          (_, index) => `${hosts[index % hosts.length]!.ipv4} line ${index}\n`
        )
        const expected = lines.map((line, index) => line.replace(/^\S+/, hosts[index % hosts.length]!.reverse)).join("")
        const plain = yield* handoff(["logs", ...args], { stdin: lines.join("") })
        assert.strictEqual(plain.code, 0, plain.stderr)
        assert.isTrue(plain.stdout === expected)
        assert.include(plain.stderr, `20000 lines, ${hosts.length} addresses: ${hosts.length} named`)
        // Two members, as `cat a.gz b.gz` gives.
        const packed = Buffer.concat([gzipSync(lines.slice(0, 9_000).join("")), gzipSync(lines.slice(9_000).join(""))])
        const unpacked = yield* handoff(["logs", ...args, "-"], { stdin: packed })
        assert.isTrue(unpacked.stdout === expected)
        const inside = yield* folder
        for (const [name, octets] of [
          ["access.log", Buffer.from(lines.join(""))],
          // The octets say that it is packed, not the name.
          ["access.log.2.gz", packed],
          ["packed.log", packed]
        ] as const) {
          const file = Path.join(inside, name)
          yield* Effect.promise(() => Fs.writeFile(file, octets))
          const rewritten = yield* handoff(["logs", ...args, file])
          assert.strictEqual(rewritten.code, 0, rewritten.stderr)
          assert.isTrue(rewritten.stdout === expected, `${name} came out as something else`)
        }
        const nowhere = yield* handoff(["logs", ...args, Path.join(inside, "no.log")])
        assert.strictEqual(nowhere.code, 1)
        assert.strictEqual(
          nowhere.stderr,
          `handoff: cannot read ${Path.join(inside, "no.log")} (ENOENT)\n  name a log, or - for standard input\n`
        )
        const cut = yield* handoff(["logs", ...args, "-"], { stdin: packed.subarray(0, packed.length - 9_000) })
        assert.strictEqual(cut.code, 1)
        assert.include(cut.stderr, "cannot read standard input: unexpected end of file")
        assert.isTrue(expected.startsWith(cut.stdout) && cut.stdout.endsWith("\n"))
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "writes a growing log's lines as they come, and stops at Ctrl-C",
    () =>
      Effect.gen(function* () {
        const running = start(["logs", "--executor", "dns", "--name-server", "127.0.0.1:9"])
        for (const line of ["one 1\n", "two 2\n"]) {
          running.child.stdin.write(line)
          yield* until(running, ({ stdout }) => stdout().endsWith(line))
        }
        running.child.kill("SIGINT")
        const end = yield* Effect.promise(() => running.ended)
        assert.strictEqual(end.stdout, "one 1\ntwo 2\n")
        assert.strictEqual(end.code, 130)
        assert.notInclude(end.stderr, "still open")
      }),
    60_000
  )
})
