import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Url from "node:url"

/** What `handoff` is before it is built. */
export const main = Url.fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** Told to a command before it starts: tests that are killed take it with them, and nothing runs on without them. */
const ends = `--import=data:text/javascript,${encodeURIComponent(
  'process.once("disconnect", () => process.kill(process.pid, "SIGTERM")).channel?.unref()'
)}`

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess.ChildProcessWithoutNullStreams
  /** What has come on stdout so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Ended>
}

/** Starts `handoff` with these arguments, as a user would; settings of whoever runs the tests are left out. */
export const start = (args: ReadonlyArray<string>, env: Record<string, string> = {}): Running => {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("HANDOFF_"))
  const child = ChildProcess.spawn(process.execPath, ["--conditions=@handoff/source", ends, main, ...args], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    env: { ...Object.fromEntries(inherited), HANDOFF_CONFIG: "none", ...env }
    // The types know three pipes alone, not with a fourth.
  }) as ChildProcess.ChildProcessWithoutNullStreams
  const out: Array<Buffer> = []
  const err: Array<Buffer> = []
  child.stdin.on("error", () => {})
  child.stdout.on("data", (piece: Buffer) => out.push(piece))
  child.stderr.on("data", (piece: Buffer) => err.push(piece))
  const stdout = () => Buffer.concat(out).toString()
  const stderr = () => Buffer.concat(err).toString()
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }))
  )
  return { child, stdout, stderr, ended }
}

/** Waits until what it has written, or done, is enough; looks whenever it writes something. It must not end before. */
export const until = (running: Running, isEnough: (running: Running) => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const look = () => isEnough(running) && resume(Effect.void)
    running.child.stdout.on("data", look)
    running.child.stderr.on("data", look)
    void running.ended.then(({ code, stderr }) =>
      resume(isEnough(running) ? Effect.void : Effect.die(new Error(`it has ended (${code}) before: ${stderr}`)))
    )
  })

/** Runs `handoff` to its end, with this on standard input. */
export const handoff = (
  args: ReadonlyArray<string>,
  options: { readonly stdin?: string | Uint8Array; readonly env?: Record<string, string> } = {}
): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const { child, ended } = start(args, options.env)
    child.stdin.end(options.stdin ?? "")
    void ended.then((end) => resume(Effect.succeed(end)))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** Lines of JSON, read. */
export const json = (lines: string): Array<any> =>
  lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
