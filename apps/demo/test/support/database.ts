/** A PostgreSQL server of a test's own, from Debian's package, on a free port of loopback and in a folder of its own. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import { folder } from "./folder.ts"

/** Where Debian's package has its programs. */
export const binaries = Fs.globSync("/usr/lib/postgresql/*/bin").toSorted().at(-1)

/** Why there is none here, or undefined. */
export const absent: string | undefined =
  binaries === undefined ? "PostgreSQL's server is not installed (Debian: postgresql)" : undefined

export const freePort: Effect.Effect<number> = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const server = Net.createServer().listen(0, "127.0.0.1", () => {
        const { port } = server.address() as Net.AddressInfo
        server.close(() => resolve(port))
      })
    })
)

/** PostgreSQL refuses to run as root; the user of Debian's package does it then. */
const run = (name: string, args: ReadonlyArray<string>, cwd: string) => {
  const file = Path.join(binaries!, name)
  const [command, given] =
    process.getuid?.() === 0 ? ["runuser", ["-u", "postgres", "--", file, ...args]] : [file, [...args]]
  const { status, stderr } = ChildProcess.spawnSync(command, given, { cwd, stdio: ["ignore", "ignore", "pipe"] })
  if (status !== 0) throw new Error(`${name}: ${stderr.toString()}`)
}

export interface Server {
  readonly url: string
  /** Ends it as a power cut would. */
  readonly down: Effect.Effect<void>
  readonly up: Effect.Effect<void>
}

export const server: Effect.Effect<Server, never, Scope.Scope> = Effect.gen(function* () {
  const port = yield* freePort
  const place = yield* folder
  Fs.chmodSync(place, 0o777)
  const data = Path.join(place, "data")
  const options = `-p ${port} -h 127.0.0.1 -k '' -c fsync=off`
  const up = Effect.sync(() =>
    run("pg_ctl", ["-D", data, "-l", Path.join(place, "log"), "-o", options, "-w", "start"], place)
  )
  const down = Effect.sync(() => run("pg_ctl", ["-D", data, "-m", "immediate", "stop"], place))
  yield* Effect.acquireRelease(
    Effect.andThen(
      Effect.sync(() => run("initdb", ["-D", data, "-A", "trust", "-U", "handoff", "--no-sync"], place)),
      up
    ),
    () => (Fs.existsSync(Path.join(data, "postmaster.pid")) ? down : Effect.void)
  )
  return { url: `postgres://handoff@127.0.0.1:${port}/postgres`, down, up }
})

/** Its URL. */
export const database: Effect.Effect<string, never, Scope.Scope> = Effect.map(server, ({ url }) => url)
