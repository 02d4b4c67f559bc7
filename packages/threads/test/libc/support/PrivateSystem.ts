/**
 * A machine's name service of our own, for real: user, mount and network namespaces in which `nsswitch.conf`, `hosts` and
 * `resolv.conf` are ours and port 53 of the loopback is a name server of ours. Needs no rights where the kernel lets
 * users have namespaces.
 */
import { spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Zone } from "./NameServer.ts"

export interface System {
  readonly nsswitch: string
  readonly hosts: string
  readonly resolvConf: string
  /** services(5). */
  readonly services?: string
  /** What the name server at 127.0.0.1 knows; without it nobody answers there. */
  readonly zone?: Zone
  /** An IPv4 address of the machine besides 127.0.0.1. */
  readonly address?: string
}

/** A program of ours to run inside. */
export interface Program {
  readonly file: URL
  readonly args?: ReadonlyArray<string>
  readonly nodeArguments?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
}

/** Why it cannot be had here; undefined if it can. */
export const unavailable = (): string | undefined => {
  if (process.platform !== "linux") return "namespaces are Linux's"
  const { error, stderr } = spawnSync("unshare", ["-Urmn", "mount", "-t", "tmpfs", "none", "/etc"], {
    encoding: "utf8"
  })
  if (error !== undefined) return `unshare: ${error.message}`
  return stderr === "" ? undefined : stderr.trim()
}

/** Runs a program inside and gives what it wrote, as JSON. */
export const run = (system: System, program: Program): Promise<any> =>
  new Promise((resolve, reject) => {
    const given = { system, program: { ...program, file: fileURLToPath(program.file) } }
    const inside = fileURLToPath(new URL("./inside.ts", import.meta.url))
    const child = spawn(
      "unshare",
      ["-Urmn", process.execPath, "--conditions=@handoff/source", inside, JSON.stringify(given)],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let output = ""
    let errors = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on("error", reject)
    child.on("close", (code) => {
      if (code === 0 && output !== "") resolve(JSON.parse(output))
      else reject(new Error(`the program inside ended with ${code}: ${errors}`))
    })
  })
