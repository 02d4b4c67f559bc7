/** The programs of the benches that are not ours: compiled or interpreted, found or absent with a reason. */
import type { Bench } from "@handoff/bench"
import { execFile, execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

const peers = fileURLToPath(new URL("../peers/", import.meta.url))
const folder = path.join(os.tmpdir(), `handoff-reactor-bench-${os.userInfo().uid}`)

/** Debian's own: the modules from its packages are not seen by others on the PATH. */
const python = "/usr/bin/python3"

/** Compiles one of `peers/*.c`, unless that was done already. */
const compiled = (name: string): string => {
  const source = path.join(peers, `${name}.c`)
  const binary = path.join(folder, name)
  fs.mkdirSync(folder, { recursive: true })
  if (!fs.existsSync(binary) || fs.statSync(binary).mtimeMs < fs.statSync(source).mtimeMs) {
    execFileSync("gcc", ["-O2", "-o", `${binary}.new`, source], { stdio: "inherit" })
    fs.renameSync(`${binary}.new`, binary)
  }
  return binary
}

const runs = (command: string, ...args: ReadonlyArray<string>): boolean => {
  try {
    execFileSync(command, args, { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

const figure = (command: string, args: ReadonlyArray<string>): Promise<number> =>
  new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) =>
      error === null && Number(stdout) > 0 ? resolve(Number(stdout)) : reject(error ?? new Error(stderr || "no figure"))
    )
  })

/** A client program: `churn|kept <port> <at once> <seconds>` in, exchanges a second out. */
const client = (
  command: () => string,
  before: ReadonlyArray<string>,
  absent: () => string | undefined,
  mode: "churn" | "kept",
  atOnce: number
): Bench.Subject => ({
  absent,
  run: async (ctx) => {
    const rate = await figure(command(), [
      ...before,
      mode,
      ctx.environment["port"]!,
      String(atOnce),
      String(ctx.seconds)
    ])
    // The programs end with an error unless each reply is 64 octets.
    ctx.check(rate > 0, "exchanges were made")
    return { "exchanges/s": rate }
  }
})

export const cEpoll = (mode: "churn" | "kept", atOnce: number): Bench.Subject =>
  client(
    () => compiled("client"),
    [],
    () => (runs("gcc", "--version") ? undefined : "gcc is not installed"),
    mode,
    atOnce
  )

export const twisted = (mode: "churn" | "kept", atOnce: number): Bench.Subject =>
  client(
    () => python,
    [path.join(peers, "twisted_client.py")],
    () => (runs(python, "-c", "import twisted") ? undefined : "python3-twisted is not installed"),
    mode,
    atOnce
  )

export const asyncio = (mode: "churn" | "kept", atOnce: number): Bench.Subject =>
  client(
    () => python,
    [path.join(peers, "asyncio_client.py")],
    () => (runs(python, "--version") ? undefined : "python3 is not installed"),
    mode,
    atOnce
  )

/** Starts the echoing server, on the second core where there is `taskset`. */
export const server = async (): Promise<{ readonly port: string; readonly stop: () => void }> => {
  const binary = compiled("server")
  const pinned = os.availableParallelism() > 1 && runs("taskset", "--version")
  const child = pinned
    ? spawn("taskset", ["-c", "1", binary], { stdio: ["pipe", "pipe", "inherit"] })
    : spawn(binary, { stdio: ["pipe", "pipe", "inherit"] })
  const port = await new Promise<string>((resolve, reject) => {
    child.once("error", reject)
    child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()))
  })
  return { port, stop: () => child.stdin.end() }
}

/** Twisted's own receivers, fed as a socket feeds them. */
export const twistedFraming = (kind: "lines" | "int32" | "netstring", payload: number): Bench.Subject => ({
  absent: () => (runs(python, "-c", "import twisted") ? undefined : "python3-twisted is not installed"),
  run: async (ctx) => {
    const rate = await figure(python, [
      path.join(peers, "twisted_framing.py"),
      kind,
      String(payload),
      String(ctx.seconds)
    ])
    // The program asserts the count of frames in each pass.
    ctx.check(rate > 0, "frames were cut")
    return { "MB/s": rate }
  }
})
