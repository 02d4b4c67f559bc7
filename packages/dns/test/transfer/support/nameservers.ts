/** BIND, Knot and NSD on loopback, each with one zone of its own and one that it takes from us; stopped with the scope. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { TsigKey } from "@handoff/dns/update"
import { Name } from "@handoff/dns/wire"
import { text, type Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { run } from "../../server/support/peers.ts"
import { freePort } from "../../server/support/unbound.ts"
import { certificate } from "../../server/support/certificate.ts"
import { spawnTied } from "../../support/tied.ts"

export const secret = Buffer.from("a secret of thirty-two octets...").toString("base64")

export const key = TsigKey.make({ name: "k.", secret })

export interface Options {
  /** What the peer serves. */
  readonly zone: Zone.Zone
  /** What it serves beside. */
  readonly others?: ReadonlyArray<Zone.Zone>
  /** The zone that it takes from us, as text, and our port, of TLS or not. */
  readonly secondary?: { readonly origin: string; readonly port: number; readonly tls?: boolean }
  /** Our port, for NOTIFY of changes of its own zone. */
  readonly notify?: number
  readonly algorithm?: TsigKey.Algorithm
  /** Where it listens; a free port of 127.0.0.1 unless told. */
  readonly at?: { readonly address: string; readonly port: number }
}

interface Kind {
  readonly program: string
  readonly args: (conf: string) => ReadonlyArray<string>
  readonly conf: (folder: string, port: number, tlsPort: number, origin: string, options: Options) => string
  /** What comes after that for a zone beside. */
  readonly other: (origin: string, file: string) => string
}

const undotted = (origin: string) => origin.replace(/(?<=.)\.$/, "")

const bind: Kind = {
  program: "named",
  other: (origin, file) => `\nzone "${undotted(origin)}" { type primary; file "${file}"; };`,
  args: (conf) => ["-g", "-n", "1", "-c", conf],
  conf: (folder, port, tlsPort, origin, { algorithm = "hmac-sha256", at, secondary, notify }) => `
tls ours { ca-file "${folder}/cert.pem"; remote-hostname "dns.example"; };
tls local { key-file "${folder}/key.pem"; cert-file "${folder}/cert.pem"; };
options {
  directory "${folder}"; pid-file "${folder}/pid"; session-keyfile "${folder}/session";
  listen-on port ${port} { ${at?.address ?? "127.0.0.1"}; }; listen-on port ${tlsPort} tls local { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify no; notify-delay 0; allow-transfer { key "k"; }; min-refresh-time 1; min-retry-time 1;
};
controls { };
key "k" { algorithm ${algorithm}; secret "${secret}"; };
zone "${undotted(origin)}" {
  type primary; file "${folder}/zone"; ixfr-from-differences yes;
  allow-update { key "k"; };
  ${notify === undefined ? "" : `notify explicit; also-notify { 127.0.0.1 port ${notify}; };`}
};
${
  secondary === undefined
    ? ""
    : `zone "${undotted(secondary.origin)}" { type secondary; masterfile-format text; file "${folder}/secondary"; primaries { 127.0.0.1 port ${secondary.port} key "k"${secondary.tls === true ? ` tls "ours"` : ""}; }; allow-notify { 127.0.0.1; }; };`
}`
}

const knot: Kind = {
  program: "knotd",
  other: (origin, file) => `  - domain: ${origin}\n    file: "${file}"\n`,
  args: (conf) => ["-c", conf],
  conf: (folder, port, _tlsPort, origin, { algorithm = "hmac-sha256", at, secondary, notify }) => `
server:
    rundir: "${folder}"
    listen: ${at?.address ?? "127.0.0.1"}@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "${folder}/db"
log:
  - target: stderr
    any: warning
key:
  - id: k.
    algorithm: ${algorithm}
    secret: ${secret}
acl:
  - id: all
    key: k.
    action: [transfer, update, notify]
${secondary === undefined && notify === undefined ? "" : "remote:\n"}${secondary === undefined ? "" : `  - id: ours\n    address: 127.0.0.1@${secondary.port}\n    key: k.\n`}${notify === undefined ? "" : `  - id: told\n    address: 127.0.0.1@${notify}\n`}
template:
  - id: default
    storage: "${folder}"
zone:
  - domain: ${origin}
    file: "${folder}/zone"
    acl: all
${notify === undefined ? "" : "    notify: told\n"}${secondary === undefined ? "" : `  - domain: ${secondary.origin}\n    file: "${folder}/secondary"\n    master: ours\n    acl: all\n`}`
}

const nsd: Kind = {
  program: "nsd",
  other: (origin, file) => `zone:\n  name: "${origin}"\n  zonefile: "${file}"\n`,
  args: (conf) => ["-d", "-c", conf],
  conf: (folder, port, tlsPort, origin, { algorithm = "hmac-sha256", at, secondary, notify }) => `
server:
  tls-cert-bundle: "${folder}/cert.pem"
  ip-address: ${at?.address ?? "127.0.0.1"}@${port}
  ip-address: 127.0.0.1@${tlsPort}
  tls-port: ${tlsPort}
  tls-service-key: "${folder}/key.pem"
  tls-service-pem: "${folder}/cert.pem"
  username: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: "${folder}/pid"
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zone.list"
  server-count: 1
remote-control:
  control-enable: no
key:
  name: "k."
  algorithm: ${algorithm}
  secret: "${secret}"
zone:
  name: "${origin}"
  zonefile: "${folder}/zone"
  provide-xfr: 127.0.0.1 k.
${notify === undefined ? "" : `  notify: 127.0.0.1@${notify} NOKEY\n`}${
    secondary === undefined
      ? ""
      : `${secondary.tls === true ? `tls-auth:\n  name: ours\n  auth-domain-name: "dns.example"\n` : ""}zone:\n  name: "${secondary.origin}"\n  zonefile: "${folder}/secondary"\n  provide-xfr: 127.0.0.1 k.\n  request-xfr: ${secondary.tls === true ? "AXFR " : ""}127.0.0.1@${secondary.port} k.${secondary.tls === true ? " ours" : ""}\n  allow-notify: 127.0.0.1 k.\n  allow-notify: 127.0.0.1 NOKEY\n`
  }`
}

export const kinds = { BIND: bind, Knot: knot, NSD: nsd } as const

export type KindName = keyof typeof kinds

/** Whether a name server answers for a zone, and with which serial. */
export const serialAt = async (port: number, origin: string, address = "127.0.0.1"): Promise<number | undefined> => {
  const { stdout } = await run("dig", [
    `@${address}`,
    "-p",
    String(port),
    "+tries=1",
    "+time=1",
    "+short",
    origin,
    "SOA"
  ])
  const serial = /^\S+ \S+ (\d+) /.exec(stdout)?.[1]
  return serial === undefined ? undefined : Number(serial)
}

/** Asks again until it is so; an error that says what was waited for when it never is. */
export const until = async (what: string, test: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await test()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`waited in vain: ${what}`)
}

const open = async (kind: Kind, options: Options) => {
  const folder = mkdtempSync(join(tmpdir(), `${kind.program}-`))
  mkdirSync(join(folder, "db"))
  const origin = text.print(options.zone).split(" ")[0]!
  const port = options.at?.port ?? (await freePort())
  const tlsPort = await freePort()
  writeFileSync(join(folder, "zone"), text.print(options.zone))
  writeFileSync(join(folder, "key.pem"), certificate.key)
  writeFileSync(join(folder, "cert.pem"), certificate.cert)
  const others = (options.others ?? []).map((zone, index) => {
    const file = join(folder, `other${index}`)
    writeFileSync(file, text.print(zone))
    return kind.other(Name.toText(zone.origin), file)
  })
  writeFileSync(join(folder, "conf"), [kind.conf(folder, port, tlsPort, origin, options), ...others].join(""))
  const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` }
  const child = spawnTied(kind.program, kind.args(join(folder, "conf")), {
    env,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"]
  })
  let log = ""
  child.stdout!.on("data", (piece: Buffer) => (log += piece.toString()))
  child.stderr!.on("data", (piece: Buffer) => (log += piece.toString()))
  try {
    await until(`${kind.program} to serve ${origin}`, async () => {
      if (child.exitCode !== null) throw new Error("it ended")
      // BIND answers before it is ready to.
      return (
        (await serialAt(port, origin, options.at?.address)) !== undefined && (kind !== bind || log.includes(" running"))
      )
    })
  } catch (cause) {
    child.kill("SIGKILL")
    throw new Error(`${kind.program} did not start: ${log}`, { cause })
  }
  return { child, folder, port, tlsPort, log: () => log }
}

export const start = (name: KindName, options: Options) =>
  Effect.acquireRelease(
    Effect.promise(() => open(kinds[name], options)),
    ({ child, folder }) =>
      Effect.promise(async () => {
        const runs = child.exitCode === null && child.signalCode === null
        const ended = new Promise((resolve) => (runs ? child.once("exit", resolve) : resolve(0)))
        child.kill("SIGTERM")
        const timer = setTimeout(() => child.kill("SIGKILL"), 2_000)
        await ended
        clearTimeout(timer)
        rmSync(folder, { recursive: true, force: true })
      })
  )
