/** Other people's programs, run against a server on loopback; absent ones are skipped with a printed reason. */
import { execFile, execFileSync } from "node:child_process"

const known = new Map<string, boolean>()

/** Whether a program is installed. */
export const has = (program: string): boolean => {
  let there = known.get(program)
  if (there === undefined) {
    try {
      execFileSync("/bin/sh", ["-c", `PATH="$PATH:/usr/sbin:/sbin" command -v ${program}`], { stdio: "ignore" })
      there = true
    } catch {
      there = false
      console.warn(`skipped: ${program} is not installed`)
    }
    known.set(program, there)
  }
  return there
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; never rejects, so that a test can look at what was printed. */
export const run = (program: string, args: ReadonlyArray<string>, input?: string): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }
    const child = execFile(
      program,
      args,
      { env, timeout: 30_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr })
      }
    )
    child.stdin?.on("error", () => undefined)
    child.stdin?.end(input ?? "")
  })
