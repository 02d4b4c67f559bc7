/**
 * Private namespaces (Linux, `man 7 namespaces`): the C library reads only the system's own files, so to show it the lab
 * honestly the command restarts itself where those files are the lab's. No root is needed (`unshare -r`); where the
 * system does not allow it, the caller says so instead of pretending.
 *
 * | level | namespaces | names under the C library come from |
 * |---|---|---|
 * | `network` | user, mount, network | the lab's name server on port 53, by the lab's `resolv.conf` |
 * | `files` | user, mount (no `ip`, or no network namespace) | the lab's `hosts` |
 * | `none` | none | the system, which knows nothing of the lab |
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Plan from "./Plan.ts"

export type Level = "network" | "files" | "none"

/** Tells the restarted process at which level it is. */
const variable = "HANDOFF_PRIVATE"

/** The level that this process is at. */
export const current = (): Level => {
  const level = process.env[variable]
  return level === "network" || level === "files" ? level : "none"
}

/** The highest level that this system allows, and no higher than is wanted; asks the system by trying. */
export const best = Effect.fnUntraced(function* (wanted: "network" | "files" | "off"): Effect.fn.Return<Level> {
  if (wanted === "off" || process.platform !== "linux") return "none"
  const bind = "mount --bind /etc/hosts /etc/hosts"
  if (wanted === "network" && (yield* succeeds(["-Urmn", "sh", "-c", `ip link set lo up && ${bind}`]))) return "network"
  return (yield* succeeds(["-Urm", "sh", "-c", bind])) ? "files" : "none"
})

const succeeds = (args: ReadonlyArray<string>): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const child = ChildProcess.spawn("unshare", args, { stdio: "ignore", env: environment() })
    child.on("error", () => resume(Effect.succeed(false)))
    child.on("exit", (code) => resume(Effect.succeed(code === 0)))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** `ip` and `mount` are where a user's PATH often does not look. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/bin:/bin`
})

/**
 * Runs this command again, with the same arguments, inside; succeeds with its exit code. Signals are passed on: the
 * restarted process decides when it is over. Interrupting it asks it to stop and waits for it.
 */
export const restart = Effect.fnUntraced(function* (
  level: "network" | "files",
  plan: Plan.Plan
): Effect.fn.Return<number, never, Scope.Scope> {
  const folder = yield* writeFiles(level, plan)
  const binds = ["hosts", "resolv.conf", "nsswitch.conf"].map(
    // A file that the system does not have cannot be bound over; then the C library's defaults hold.
    (file) => `{ [ ! -e /etc/${file} ] || mount --bind "${folder}/${file}" /etc/${file}; }`
  )
  const script = [
    ...(level === "network" ? ["ip link set lo up"] : []),
    ...binds,
    // A name service cache would answer for the world outside.
    "{ [ ! -d /var/run/nscd ] || mount -t tmpfs none /var/run/nscd; }",
    'exec "$@"'
  ].join(" && ")
  const args = [
    level === "network" ? "-Urmn" : "-Urm",
    "sh",
    "-c",
    script,
    "handoff",
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1)
  ]
  return yield* Effect.callback<number>((resume) => {
    const child = ChildProcess.spawn("unshare", args, {
      stdio: "inherit",
      // A terminal sends Ctrl-C to everyone in the foreground; the child would be told twice.
      detached: false,
      env: { ...environment(), [variable]: level, RES_OPTIONS: "", LOCALDOMAIN: "" }
    })
    child.on("error", () => resume(Effect.succeed(1)))
    child.on("exit", (code, signal) => resume(Effect.succeed(code ?? 128 + (Os.constants.signals[signal!] ?? 0))))
    return Effect.callback<void>((resume) => {
      child.on("exit", () => resume(Effect.void))
      if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
      // At a terminal the child has had the same signal already, and a second one would end it at once.
      else if (!process.stdin.isTTY) child.kill("SIGINT")
    })
  })
})

const writeFiles = (level: Level, plan: Plan.Plan) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "handoff-"))),
      (folder) => Effect.promise(() => Fs.rm(folder, { recursive: true, force: true }))
    )
    const write = (file: string, text: string) => Effect.promise(() => Fs.writeFile(Path.join(folder, file), text))
    const network = level === "network"
    yield* write("hosts", network ? "127.0.0.1 localhost\n::1 localhost\n" : Plan.hostsFile(plan))
    yield* write("resolv.conf", `nameserver ${nameServerAddress(plan)}\noptions timeout:5 attempts:3\n`)
    yield* write("nsswitch.conf", `passwd: files\ngroup: files\nhosts: ${network ? "files dns" : "files"}\n`)
    return folder
  })

/** Where the lab's name server is for those who read `resolv.conf`; on port 53. */
const nameServerAddress = (plan: Plan.Plan): string => `${plan.network}.0.53`
