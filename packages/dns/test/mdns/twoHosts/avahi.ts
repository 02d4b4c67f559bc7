/** The host `printer`, which is Avahi, with one service. Its folders are of this namespace only. Says when it is ready. */
import { execFileSync, spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"

const on = process.argv[2]!
for (const folder of ["/etc/avahi", "/run"]) execFileSync("mount", ["-t", "tmpfs", "none", folder])
for (const folder of ["/etc/avahi/services", "/run/avahi-daemon"]) mkdirSync(folder)
writeFileSync(
  "/etc/avahi/services/ipp.service",
  `<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Office printer</name><service><type>_ipp._tcp</type><port>631</port><txt-record>rp=ipp</txt-record></service></service-group>
`
)
writeFileSync(
  "/etc/avahi/conf",
  `[server]
host-name=printer
use-ipv4=yes
use-ipv6=yes
enable-dbus=no
allow-interfaces=${on}
[publish]
publish-workstation=no
publish-aaaa-on-ipv4=no
`
)
const avahi = spawn("avahi-daemon", ["-f", "/etc/avahi/conf", "--no-drop-root", "--no-chroot", "--no-rlimits"], {
  env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` },
  stdio: ["ignore", "ignore", "pipe"]
})
let log = ""
avahi.stderr.on("data", (piece: Buffer) => {
  if (/Service .* successfully established/.test((log += piece.toString()))) console.log("ready")
})
avahi.on("error", (error) => console.error(error.message))
avahi.on("exit", () => {
  console.error(log)
  process.exit(1)
})
