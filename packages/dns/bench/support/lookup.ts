/**
 * Run in private user, mount and network namespaces: `dns.lookup` against NSD on port 53 of a loopback of its own, through a
 * `resolv.conf` of its own, since the C library asks nobody else. Prints the figures as one line of JSON.
 */
import { execFileSync } from "node:child_process"
import * as dns from "node:dns"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as load from "./load.ts"
import * as nsd from "./nsd.ts"

const [inFlight = "100", millis = "1000"] = process.argv.slice(2)

execFileSync("ip", ["link", "set", "lo", "up"])
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-lookup-"))
const over = (file: string, text: string): void => {
  const ours = path.join(folder, path.basename(file))
  fs.writeFileSync(ours, text)
  execFileSync("mount", ["--bind", ours, fs.realpathSync(file)])
}
over("/etc/resolv.conf", "nameserver 127.0.0.1\n")
if (fs.existsSync("/etc/nsswitch.conf")) over("/etc/nsswitch.conf", "hosts: dns\n")

const server = await nsd.start({ port: 53 })
nsd.pin(0)
const shape = (until: number): load.Load => ({
  inFlight: Number(inFlight),
  until: { millis: until },
  ask: (index, onEnd) => {
    dns.lookup(nsd.name(index), { family: 4 }, (error, address) => {
      onEnd(error === null && address === nsd.address(index))
    })
  }
})
await load.run(shape(Number(millis) / 2))
console.log(JSON.stringify(await load.run(shape(Number(millis)))))
await server.stop()
fs.rmSync(folder, { recursive: true, force: true })
