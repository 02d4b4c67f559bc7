/**
 * The system's own configuration, `resolv.conf` and `hosts`, read and watched.
 *
 * The directory is watched, not the file, because those who write these files replace them. A change is taken up about a
 * tenth of a second later. Where watching is not possible (a directory that is not there) the file is read once.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as HostsFile from "./HostsFile.ts"
import * as ResolvConf from "./ResolvConf.ts"

/** Milliseconds that a change is waited out, since a file is often written in pieces. */
const settle = 100

const read = (file: string): string | undefined => {
  try {
    return fs.readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** `resolv.conf` as it is now; the defaults of resolv.conf(5) when there is none. */
export const readResolvConf = (file: string): ResolvConf.ResolvConf =>
  ResolvConf.parse(read(file) ?? "", { hostname: os.hostname(), environment: process.env })

/** The hosts file as it is now; empty when there is none. */
export const readHosts = (file: string): HostsFile.HostsFile => HostsFile.parse(read(file) ?? "")

/** Calls `onChange` after the file was changed, until the scope closes. */
export const watch = (file: string, onChange: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const run = Effect.runForkWith(context)
    let before = read(file)
    let waiting = false
    const look = Effect.sync(() => {
      waiting = false
      const now = read(file)
      if (now === before) return
      before = now
      onChange()
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        try {
          const watcher = fs.watch(path.dirname(file), { persistent: false }, () => {
            if (waiting) return
            waiting = true
            run(Effect.delay(look, settle))
          })
          watcher.on("error", () => watcher.close())
          return watcher
        } catch {
          return undefined
        }
      }),
      (watcher) => Effect.sync(() => watcher?.close())
    )
  })
