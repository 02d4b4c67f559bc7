/** Runner processes that a test may kill. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { freePort } from "./Postgres.ts"

const file = fileURLToPath(new URL("./runner.ts", import.meta.url))

export interface RunnerProcess {
  readonly child: ChildProcess
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
}

/** `clockAhead`: milliseconds by which the process thinks it is later than it is. */
export const startRunner = async (url: string, concurrency = 1024, clockAhead = 0): Promise<RunnerProcess> => {
  const port = await freePort()
  const child = spawn(
    process.execPath,
    ["--conditions=@handoff/source", ...skewed(clockAhead), file, url, String(port), String(concurrency)],
    {
      stdio: ["ignore", "pipe", "pipe"]
    }
  )
  let errors = ""
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("ready")) resolve()
    })
    child.once("close", (code) => reject(new Error(`the runner ended with ${code}: ${errors}`)))
  })
  return {
    child,
    kill: (signal) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once("close", () => resolve())
        child.kill(signal)
      })
  }
}

const skewed = (milliseconds: number): ReadonlyArray<string> =>
  milliseconds === 0
    ? []
    : [
        "--import",
        `data:text/javascript,const now = Date.now; Date.now = () => now() + ${milliseconds}; const D = Date; ` +
          `globalThis.Date = class extends D { constructor(...a) { a.length === 0 ? super(D.now()) : super(...a) } }`
      ]
