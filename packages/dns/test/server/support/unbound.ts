/** A real Unbound on loopback, stopped with the scope. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { spawnTied } from "../../support/tied.ts"
import { run } from "./peers.ts"

export interface Options {
  /** Lines of the `server:` clause. */
  readonly conf?: ReadonlyArray<string>
  readonly stubs?: ReadonlyArray<{ readonly name: string; readonly port: number; readonly host?: string }>
  readonly forward?: { readonly port: number }
  readonly anchors?: ReadonlyArray<string>
}

/** A TCP port that is free now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

const open = async (options: Options) => {
  const folder = mkdtempSync(join(tmpdir(), "unbound-"))
  const port = await freePort()
  const lines = [
    "server:",
    "  verbosity: 0",
    "  num-threads: 1",
    `  interface: 127.0.0.1@${port}`,
    "  do-ip6: no",
    "  do-daemonize: no",
    "  do-not-query-localhost: no",
    '  chroot: ""',
    '  username: ""',
    '  pidfile: ""',
    "  use-syslog: no",
    '  root-hints: ""',
    ...(options.conf ?? []).map((line) => `  ${line}`),
    ...(options.anchors ?? []).map((anchor) => `  trust-anchor: "${anchor}"`),
    "remote-control:",
    "  control-enable: no",
    ...(options.stubs ?? []).flatMap((stub) => [
      "stub-zone:",
      `  name: "${stub.name}"`,
      `  stub-addr: ${stub.host ?? "127.0.0.1"}@${stub.port}`
    ]),
    ...(options.forward === undefined
      ? []
      : ["forward-zone:", '  name: "."', `  forward-addr: 127.0.0.1@${options.forward.port}`])
  ]
  writeFileSync(join(folder, "unbound.conf"), `${lines.join("\n")}\n`)
  const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` }
  const child = spawnTied("unbound", ["-d", "-c", join(folder, "unbound.conf")], {
    env,
    stdio: ["ignore", "ignore", "pipe"]
  })
  let log = ""
  child.stderr!.on("data", (text: Buffer) => (log += text.toString()))
  for (let attempt = 0; ; attempt++) {
    const found = await run("dig", ["@127.0.0.1", "-p", String(port), "+tries=1", "+time=1", "id.server", "CH", "TXT"])
    if (found.code === 0) break
    if (child.exitCode !== null || attempt > 50) throw new Error(`unbound did not start: ${log}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { child, folder, port, log: () => log }
}

export const Unbound = {
  start: (options: Options) =>
    Effect.acquireRelease(
      Effect.promise(() => open(options)),
      ({ child, folder }) =>
        Effect.promise(async () => {
          child.kill("SIGKILL")
          await new Promise((resolve) =>
            child.exitCode === null && child.signalCode === null ? child.once("exit", resolve) : resolve(0)
          )
          rmSync(folder, { recursive: true, force: true })
        })
    ).pipe(
      Effect.map(({ port, log }) => ({
        port,
        log,
        dig: (name: string, type: string, ...flags: ReadonlyArray<string>) =>
          Effect.promise(() => run("dig", ["@127.0.0.1", "-p", String(port), "+tries=2", name, type, ...flags])).pipe(
            Effect.map(({ stdout }) => stdout)
          )
      }))
    )
}
