/** Runs first in the namespaces: arranges the system's files, wakes the loopback, answers names, runs the program. */
import * as Addon from "#libc/Addon"
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as NameServer from "./NameServer.ts"
import type { Program, System } from "./PrivateSystem.ts"

const { program, system } = JSON.parse(process.argv[2]!) as {
  readonly system: System
  readonly program: Omit<Program, "file"> & { readonly file: string }
}

// All of /etc is ours: what is missing on this machine, or a link to elsewhere, is no concern.
execFileSync("mount", ["-t", "tmpfs", "none", "/etc"])
const files = {
  "nsswitch.conf": system.nsswitch,
  hosts: system.hosts,
  "resolv.conf": system.resolvConf,
  services: system.services ?? ""
}
for (const [name, text] of Object.entries(files)) fs.writeFileSync(`/etc/${name}`, `${text}\n`)
// A cache of names would answer in our place.
if (fs.existsSync("/run/nscd")) execFileSync("mount", ["-t", "tmpfs", "none", "/run/nscd"])

// netdevice(7): the loopback of a new network namespace is down, and there may be no `ip` to wake it: by ioctl(2), then,
// by our own addon, without Effect, because this runs often.
const addon = Addon.load()
if (!("create" in addon)) throw new Error(addon.join())
const backend = Addon.makeBackend(addon, { threads: 1, stackOctets: 524_288, idleMillis: 0 })
const call = (name: string, types: string, ...args: ReadonlyArray<unknown>) =>
  new Promise<number>((resolve, reject) => {
    const address = backend.resolve("", name) as bigint
    backend.start(["call", address, "i", types, args], (_code, errno, value) => {
      const [returned] = value as [number]
      if (returned < 0) reject(new Error(`${name}: errno ${errno}`))
      else resolve(returned)
    })
  })

const [AF_INET, SOCK_DGRAM, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP] = [2, 2, 0x8914, 0x8916, 1]
const socket = await call("socket", "iii", AF_INET, SOCK_DGRAM, 0)
const up = Buffer.alloc(40)
up.write("lo")
up.writeUInt16LE(IFF_UP, 16)
await call("ioctl", "iLb", socket, SIOCSIFFLAGS, up)
if (system.address !== undefined) {
  const second = Buffer.alloc(40)
  second.write("lo:1")
  second.writeUInt16LE(AF_INET, 16)
  second.set(system.address.split(".").map(Number), 20)
  await call("ioctl", "iLb", socket, SIOCSIFADDR, second)
}
backend.close()

const server = system.zone === undefined ? undefined : await NameServer.start(system.zone)
const child = spawn(
  process.execPath,
  ["--conditions=@handoff/source", ...(program.nodeArguments ?? []), program.file, ...(program.args ?? [])],
  { stdio: ["ignore", "inherit", "inherit", "ipc"], env: { ...process.env, ...program.environment } }
)
// What the name server was asked so far, for programs that want to know.
child.on("message", () => child.send(server?.asked ?? []))
child.on("close", (code) => {
  process.exit(code ?? 1)
})
