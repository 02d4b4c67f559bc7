/**
 * The system's own configuration, `resolv.conf` and `hosts`, read and watched.
 *
 * The directory is watched, not the file, because those who write these files replace them; and that of the file's target
 * where it is a link, as systemd-resolved and resolvconf have it. A change is taken up about a tenth of a second later. Where
 * watching is not possible (a directory that is not there) the file is read once.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
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
  ResolvConf.parse(read(file) ?? "", {
    hostname: os.hostname(),
    environment: process.env,
    scopeIds: NetAddress.scopeIdsFromInterfaces(Object.entries(os.networkInterfaces()))
  })

/** The hosts file as it is now; empty when there is none. */
export const readHosts = (file: string): HostsFile.HostsFile => HostsFile.parse(read(file) ?? "")

/** Calls `onChange` after the file was changed, until the scope closes. */
export const watch = (file: string, onChange: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const run = Effect.runForkWith(context)
    const scope = yield* Effect.scope
    let before = read(file)
    let waiting = false
    const watchers = new Map<string, fs.FSWatcher>()
    const watchFolders = (): void => {
      const wanted = foldersOf(file)
      for (const [folder, watcher] of watchers) {
        if (wanted.has(folder)) continue
        watcher.close()
        watchers.delete(folder)
      }
      for (const folder of wanted) {
        if (watchers.has(folder)) continue
        try {
          const watcher = fs.watch(folder, { persistent: false }, notice)
          watchers.set(folder, watcher)
          watcher.on("error", () => {
            watcher.close()
            watchers.delete(folder)
          })
        } catch {
          // It is not there, or may not be watched.
        }
      }
    }
    const look = Effect.sync(() => {
      waiting = false
      // A link may lead elsewhere now.
      watchFolders()
      const now = read(file)
      if (now === before) return
      before = now
      onChange()
    })
    const notice = (): void => {
      if (waiting) return
      waiting = true
      run(Effect.forkIn(Effect.delay(look, settle), scope))
    }
    yield* Effect.acquireRelease(Effect.sync(watchFolders), () =>
      Effect.sync(() => {
        for (const watcher of watchers.values()) watcher.close()
      })
    )
  })

/** Where a change of the file would be seen: its folder, and that of what it links to. */
const foldersOf = (file: string): ReadonlySet<string> => {
  const folders = new Set([path.resolve(path.dirname(file))])
  try {
    folders.add(path.dirname(fs.realpathSync(file)))
  } catch {
    // It is not there yet.
  }
  return folders
}
