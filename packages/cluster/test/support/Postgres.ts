/** A PostgreSQL server of the test's own, from Debian's package, on a free port of loopback and a folder of its own. */
import { spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs"
import net from "node:net"
import os from "node:os"
import path from "node:path"

const binaries = globSync("/usr/lib/postgresql/*/bin").toSorted().at(-1)

/** Why there is none here, or undefined. */
export const absent: string | undefined =
  binaries !== undefined && existsSync(path.join(binaries, "initdb"))
    ? undefined
    : "PostgreSQL's server is not installed (Debian: postgresql)"

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = net.createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })

export interface Server {
  readonly url: string
  /** Kills it as a power cut would. */
  readonly down: () => Promise<void>
  readonly up: () => Promise<void>
  /** The one and the other. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** PostgreSQL refuses to run as root; as root it runs as the user `postgres`, which Debian's package makes. */
const user = process.getuid?.() === 0 ? "postgres" : undefined
const idOf = (flag: string): number => Number(spawnSync("id", [flag, "postgres"]).stdout.toString())
const identity = user === undefined ? {} : { uid: idOf("-u"), gid: idOf("-g") }

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = spawn(path.join(binaries!, "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", String(port)])
    probe.on("close", (code) => resolve(code === 0))
  })

export const start = async (): Promise<Server> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "handoff-pg-"))
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid)
  const data = path.join(folder, "data")
  const made = spawnSync(path.join(binaries!, "initdb"), ["-D", data, "-A", "trust", "-U", "handoff", "--no-sync"], {
    ...identity,
    cwd: folder
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr.toString()}`)
  const port = await freePort()
  const run = async () => {
    const server = spawn(
      path.join(binaries!, "postgres"),
      ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off", "-c", "max_connections=200"],
      { ...identity, cwd: folder, stdio: "ignore" }
    )
    while (!(await accepts(port))) {
      if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`)
    }
    return server
  }
  let server = await run()
  const down = () =>
    new Promise<void>((resolve) => {
      if (server.exitCode !== null) return resolve()
      server.on("close", () => resolve())
      server.kill("SIGQUIT")
    })
  const up = async () => {
    server = await run()
  }
  return {
    url: `postgres://handoff@127.0.0.1:${port}/postgres`,
    down,
    up,
    restart: async () => {
      await down()
      await up()
    },
    stop: async () => {
      await down()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
