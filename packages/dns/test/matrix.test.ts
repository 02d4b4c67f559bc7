/**
 * The behaviour matrix: twelve things that name servers do, on real sockets, and what a resolver should make of them. What
 * `node:dns` and `dns.lookup` do is printed beside it. The C library reads the system's own files, so `dns.lookup` runs in
 * private namespaces (`unshare`), where the scripted servers have port 53 and `resolv.conf` is ours; where there are none,
 * its column says so.
 */
import { assert, describe, it } from "@effect/vitest"
import { LookupHost } from "@handoff/core"
import { Dns } from "@handoff/dns"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as nodeDns from "node:dns"
import { afterAll } from "vitest"
import { cases, host } from "./support/matrixCases.ts"
import * as ScriptedServer from "./support/ScriptedServer.ts"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const ours = (servers: ReadonlyArray<string>, name: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const dns = yield* Dns.make({ servers, hosts: false, timeout: "2 seconds", hedgeShare: 0 })
      return yield* dns.run(new LookupHost({ name, family: "IPv4" })).pipe(
        Effect.map((addresses) => addresses.map(NetAddress.formatIp).join(" ")),
        Effect.catch((error) => Effect.succeed(error._tag === "LookupError" ? `E${error.code}` : error._tag))
      )
    })
  )

const nodes = (servers: ReadonlyArray<string>, name: string) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve) => {
        const resolver = new nodeDns.Resolver({ timeout: 500, tries: 2 })
        resolver.setServers(servers)
        resolver.resolve4(name, (error, addresses) => {
          if (error !== null) resolve(error.code ?? "EUNKNOWN")
          else resolve(addresses.length === 0 ? "[] as success" : addresses.join(" "))
        })
      })
  )

/** What `dns.lookup` says to each case, or why it could not be asked. */
const glibc = (): ReadonlyArray<string> => {
  const child = spawnSync(
    "unshare",
    [
      "-Urmn",
      process.execPath,
      "--conditions=@handoff/source",
      fileURLToPath(new URL("support/glibc.ts", import.meta.url))
    ],
    { encoding: "utf8", timeout: 60_000 }
  )
  const line = child.stdout?.split("\n").find((text) => text.startsWith("["))
  if (line !== undefined) return JSON.parse(line) as ReadonlyArray<string>
  const reason = child.error?.message ?? child.stderr.trim().split("\n").at(-1) ?? `exit code ${child.status}`
  return cases.map(() => `not asked: ${reason}`)
}

const rows: Array<readonly [string, string, string]> = []

afterAll(() => {
  const head = ["case", "@handoff/dns", "node:dns Resolver", "dns.lookup (glibc)"] as const
  const said = glibc()
  const table = rows.map((row) => {
    const at = cases.findIndex((one) => one.name === row[0])
    const theirs = said[at] ?? ""
    return [...row, `${theirs}${theirs.startsWith("not asked") || cases[at]!.right(theirs) ? "" : " (wrong)"}`]
  })
  const widths = head.map((title, column) => Math.max(title.length, ...table.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) => row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")
  console.log([head, widths.map((width) => "-".repeat(width)), ...table].map(line).join("\n"))
}, 90_000)

describe("the behaviour matrix", () => {
  for (const { first, host: name = host, name: title, right, second } of cases) {
    it.live(`${title}: the right outcome`, () =>
      Effect.gen(function* () {
        const one = yield* ScriptedServer.make(first, "127.0.0.1")
        const two = second === undefined ? undefined : yield* ScriptedServer.make(second, "127.0.0.1")
        const servers = [one.text, ...(two === undefined ? [] : [two.text])]
        const outcome = yield* ours(servers, name)
        // Before node:dns is asked: whoever sends `localhost` to the network is seen.
        const leaked = name === "localhost" && one.heard.length > 0
        const theirs = yield* nodes(servers, name)
        const theirsLeaked = name === "localhost" && one.heard.length > 0 ? `asked the network: ${theirs}` : theirs
        const verdict = theirsLeaked === theirs && right(theirs) ? "" : " (wrong)"
        rows.push([title, outcome, `${theirsLeaked}${verdict}`])
        assert.isTrue(right(outcome), `${title}: ${outcome}`)
        assert.isFalse(leaked, "localhost was asked of the network")
      })
    )
  }
})
