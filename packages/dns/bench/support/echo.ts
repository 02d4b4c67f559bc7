/** The bench's own name server (`echo.c`): compiled once, started on the second core, with as much loss as asked for. */
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { pin, type Running } from "./nsd.ts"

let compiled: string | undefined

const compile = (): string => {
  if (compiled !== undefined) return compiled
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-echo-"))
  const program = path.join(folder, "echo")
  execFileSync("cc", ["-O2", "-o", program, fileURLToPath(new URL("echo.c", import.meta.url))])
  return (compiled = program)
}

/** Removes what was compiled. */
export const clean = (): void => {
  if (compiled !== undefined) fs.rmSync(path.dirname(compiled), { recursive: true, force: true })
  compiled = undefined
}

/** What every question is answered with. */
export const address = "192.0.2.7"

/** A server that drops this share of all datagrams, each way. */
export const start = async (loss = 0): Promise<Running> => {
  const child = spawn(compile(), [String(Math.round(loss * 1_000))], { stdio: ["ignore", "pipe", "inherit"] })
  const port = await new Promise<number>((resolve) => child.stdout.once("data", (text) => resolve(Number(text))))
  pin(1, child.pid)
  return {
    port,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("close", resolve))
      child.kill("SIGKILL")
      await ended
    }
  }
}

export const absent = (): string | undefined => {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" })
    return process.platform === "linux" ? undefined : "the server of our own needs Linux"
  } catch {
    return "no C compiler: apt-get install gcc libc6-dev"
  }
}
