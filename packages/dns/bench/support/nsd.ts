/** NSD from Debian with one zone of many names, on a loopback port, pinned to the second core. */
import { type ChildProcess, execFileSync } from "node:child_process"
import * as dgram from "node:dgram"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { spawnTied } from "../../test/support/tied.ts"

export const names = 10_000

/** The name with this number, and its address. */
export const name = (index: number): string => `host${index % names}.bench.example`
export const address = (index: number): string =>
  `10.${((index % names) >> 16) & 255}.${((index % names) >> 8) & 255}.${(index % names) & 255}`

const zone = (): string => {
  const lines = [
    "$ORIGIN bench.example.",
    "$TTL 3600",
    "@ SOA ns hostmaster 1 3600 600 86400 300",
    "@ NS ns",
    "ns A 127.0.0.1"
  ]
  for (let i = 0; i < names; i++) lines.push(`host${i} A ${address(i)}`)
  return `${lines.join("\n")}\n`
}

/** A UDP port that is free now. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const socket = dgram.createSocket("udp4")
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })

export interface Running {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Keeps a process on one core where there are two; the peers' processes are pinned in the same way. */
export const pin = (core: number, pid = process.pid): void => {
  if (os.availableParallelism() < 2) return
  try {
    execFileSync("taskset", ["-apc", String(core), String(pid)], { stdio: "ignore" })
  } catch {
    // Without taskset the scheduler decides, for all alike.
  }
}

export const absent = (): string | undefined =>
  fs.existsSync("/usr/sbin/nsd") ? undefined : "NSD is not installed: apt-get install nsd"

export const start = async (options: { readonly port?: number; readonly tries?: number } = {}): Promise<Running> => {
  const { tries = 0 } = options
  const port = options.port ?? (await freePort())
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-nsd-"))
  fs.writeFileSync(path.join(folder, "zone"), zone())
  fs.writeFileSync(
    path.join(folder, "conf"),
    `server:
  server-count: 1
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: ""
  xfrdfile: "${folder}/xfrd"
  zonelistfile: "${folder}/list"
  tcp-count: 1000
  tcp-timeout: 60
  rrl-ratelimit: 0
  hide-version: yes
remote-control:
  control-enable: no
zone:
  name: bench.example
  zonefile: zone
`
  )
  const child = spawnTied("/usr/sbin/nsd", ["-d", "-c", path.join(folder, "conf")], { stdio: "ignore" })
  try {
    await answers(port, child)
  } catch (error) {
    // Free for UDP, but taken for TCP: another one.
    child.kill("SIGKILL")
    fs.rmSync(folder, { recursive: true, force: true })
    if (tries < 5 && options.port === undefined) return start({ tries: tries + 1 })
    throw error
  }
  for (const pid of children(child.pid!)) pin(1, pid)
  return {
    port,
    stop: async () => {
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
      child.kill("SIGTERM")
      await ended
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}

const children = (pid: number): ReadonlyArray<number> => {
  const all = [pid]
  try {
    const listed = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    for (const child of listed.trim().split(" ")) if (child !== "") all.push(...children(Number(child)))
  } catch {
    // Gone meanwhile, or no /proc: the process itself is pinned at least.
  }
  return all
}

/** Waits until the server answers a query. */
const answers = async (port: number, child: ChildProcess): Promise<void> => {
  const query = Buffer.from("0001010000010000000000000562656e6368076578616d706c650000060001", "hex")
  const socket = dgram.createSocket("udp4")
  socket.on("error", () => {})
  try {
    for (let i = 0; i < 200; i++) {
      if (child.exitCode !== null) throw new Error(`the name server ended with code ${child.exitCode}`)
      const heard = new Promise<boolean>((resolve) => {
        socket.once("message", () => resolve(true))
        setTimeout(() => resolve(false), 50)
      })
      socket.send(query, port, "127.0.0.1")
      if (await heard) return
    }
    throw new Error("the name server does not answer")
  } finally {
    socket.close()
  }
}
