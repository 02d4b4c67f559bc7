/**
 * Run in private user, mount and network namespaces: puts `dns.lookup` through the behaviour matrix, with scripted servers on
 * port 53 of two loopback addresses and a `resolv.conf` of our own, and prints the outcomes as one line of JSON.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as dns from "node:dns"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { cases, host } from "./matrixCases.ts"
import * as ScriptedServer from "./ScriptedServer.ts"

execFileSync("ip", ["link", "set", "lo", "up"])
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-matrix-"))
const over = (file: string, text: string): void => {
  const ours = path.join(folder, path.basename(file))
  fs.writeFileSync(ours, text)
  execFileSync("mount", ["--bind", ours, fs.realpathSync(file)])
}
over("/etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:2\n")
if (fs.existsSync("/etc/nsswitch.conf")) over("/etc/nsswitch.conf", "hosts: files dns\n")

const lookup = (name: string): Promise<string> =>
  new Promise((resolve) => {
    dns.lookup(name, { family: 4, all: true }, (error, addresses) => {
      resolve(error === null ? addresses.map(({ address }) => address).join(" ") : (error.code ?? "EUNKNOWN"))
    })
  })

const outcomes: Array<string> = []
for (const { first, host: name = host, second } of cases) {
  const program = Effect.gen(function* () {
    const one = yield* ScriptedServer.make(first, "127.0.0.1", 53)
    if (second !== undefined) yield* ScriptedServer.make(second, "127.0.0.2", 53)
    const outcome = yield* Effect.promise(() => lookup(name))
    return name === "localhost" && one.heard.length > 0 ? `asked the network: ${outcome}` : outcome
  })
  outcomes.push(await Effect.runPromise(Effect.scoped(program)))
}
console.log(JSON.stringify(outcomes))
fs.rmSync(folder, { recursive: true, force: true })
