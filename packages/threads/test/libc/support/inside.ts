/** Runs first in the namespaces: arranges the system's files, wakes the loopback, answers names, runs the program. */
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as NameServer from "./NameServer.ts"
import type { Program, System } from "./PrivateSystem.ts"

const { program, system } = JSON.parse(process.argv[2]!) as {
  readonly system: System
  readonly program: Omit<Program, "file"> & { readonly file: string }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-system-"))
const files = { "nsswitch.conf": system.nsswitch, hosts: system.hosts, "resolv.conf": system.resolvConf }
for (const [name, text] of Object.entries(files)) {
  const file = path.join(folder, name)
  fs.writeFileSync(file, `${text}\n`)
  // A link (systemd's resolv.conf) is followed to the file that it stands for.
  execFileSync("mount", ["--bind", file, fs.realpathSync(`/etc/${name}`)])
}
// A cache of names would answer in our place.
if (fs.existsSync("/run/nscd")) execFileSync("mount", ["-t", "tmpfs", "none", "/run/nscd"])

// netdevice(7): the loopback of a new network namespace is down; there may be no `ip` to wake it.
const arrangeLoopback = Effect.gen(function* () {
  const openSocket = Libc.function("", "socket", {
    args: ["int32", "int32", "int32"],
    returns: "int32",
    fails: "negative"
  })
  const ioctl = Libc.function("", "ioctl", { args: ["int32", "uint64", "buffer"], returns: "int32", fails: "negative" })
  const [AF_INET, SOCK_DGRAM, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP] = [2, 2, 0x8914, 0x8916, 1]
  const socket = yield* openSocket(AF_INET, SOCK_DGRAM, 0)
  const request = Buffer.alloc(40)
  request.write("lo")
  request.writeUInt16LE(IFF_UP, 16)
  yield* ioctl(socket, SIOCSIFFLAGS, request)
  if (system.address === undefined) return
  const second = Buffer.alloc(40)
  second.write("lo:1")
  second.writeUInt16LE(AF_INET, 16)
  second.set(system.address.split(".").map(Number), 20)
  yield* ioctl(socket, SIOCSIFADDR, second)
})
await Effect.runPromise(Effect.provide(arrangeLoopback, Libc.layer()))

const server = system.zone === undefined ? undefined : await NameServer.start(system.zone)
const child = spawn(
  process.execPath,
  ["--conditions=@handoff/source", ...(program.nodeArguments ?? []), program.file, ...(program.args ?? [])],
  { stdio: ["ignore", "inherit", "inherit", "ipc"], env: { ...process.env, ...program.environment } }
)
// What the name server was asked so far, for programs that want to know.
child.on("message", () => child.send(server?.asked ?? []))
child.on("close", (code) => {
  fs.rmSync(folder, { recursive: true, force: true })
  process.exit(code ?? 1)
})
