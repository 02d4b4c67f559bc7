/**
 * Real name servers from Debian on loopback ports: NSD, Knot and BIND with zones of ours, and Unbound in front of NSD. One
 * that is not installed is named and left out.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { Dns } from "@handoff/dns"
import * as Effect from "effect/Effect"
import * as ScriptedServer from "./ScriptedServer.ts"
import { spawnTied } from "./tied.ts"

export interface Peer {
  readonly name: string
  readonly program: string
  readonly recursive?: true
  readonly words: (folder: string) => ReadonlyArray<string>
  readonly conf: (options: {
    readonly folder: string
    readonly port: number
    /** The port of the server behind it, for one that asks others. */
    readonly behind: number
    /** Whether a query without a cookie of the server's is answered by the cookie alone, where a server can do that. */
    readonly cookies: boolean
    /** Zones by their name; each is in a file of the folder. */
    readonly zones: ReadonlyArray<{ readonly name: string; readonly file: string }>
  }) => string
}

export const all: ReadonlyArray<Peer> = [
  {
    name: "NSD",
    program: "/usr/sbin/nsd",
    words: (folder) => ["-d", "-c", `${folder}/conf`],
    conf: ({ folder, port, zones }) =>
      `server:\n  server-count: 1\n  ip-address: 127.0.0.1@${port}\n  username: ""\n  chroot: ""\n  zonesdir: "${folder}"\n  database: ""\n  pidfile: ""\n  xfrdfile: "${folder}/xfrd"\n  zonelistfile: "${folder}/list"\n  rrl-ratelimit: 0\n  nsid: "ascii_nsd"\nremote-control:\n  control-enable: no\n` +
      zones.map(({ file, name }) => `zone:\n  name: "${name}"\n  zonefile: ${file}\n`).join("")
  },
  {
    name: "Knot",
    program: "/usr/sbin/knotd",
    words: (folder) => ["-c", `${folder}/conf`],
    conf: ({ cookies, folder, port, zones }) =>
      `server:\n  listen: 127.0.0.1@${port}\n  rundir: ${folder}\n  nsid: knot\ndatabase:\n  storage: ${folder}\n` +
      (cookies ? "mod-cookies:\n  - id: default\n    badcookie-slip: 1\n" : "") +
      `template:\n  - id: default\n    storage: ${folder}\n    zonefile-sync: -1\n` +
      `${cookies ? "    global-module: mod-cookies/default\n" : ""}zone:\n` +
      zones.map(({ file, name }) => `  - domain: ${name}\n    file: ${file}\n`).join("")
  },
  {
    name: "BIND",
    program: "/usr/sbin/named",
    words: (folder) => ["-g", "-c", `${folder}/conf`],
    conf: ({ cookies, folder, port, zones }) =>
      `options { directory "${folder}"; pid-file none; session-keyfile none; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; answer-cookie ${cookies ? "yes" : "no"}; dnssec-validation no; managed-keys-directory "${folder}"; server-id "bind"; };\ncontrols { };\n` +
      zones.map(({ file, name }) => `zone "${name}" { type primary; file "${file}"; };\n`).join("")
  },
  {
    name: "Unbound",
    program: "/usr/sbin/unbound",
    recursive: true,
    words: (folder) => ["-d", "-c", `${folder}/conf`],
    // Names that it would answer by itself, and the reverse of private networks, are asked of the server behind it.
    conf: ({ behind, folder, port, zones }) =>
      `server:\n  directory: "${folder}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  interface: 127.0.0.1\n  port: ${port}\n  do-daemonize: no\n  use-syslog: no\n  logfile: "${folder}/log"\n  do-not-query-localhost: no\n  module-config: "iterator"\n  num-threads: 1\n  so-reuseport: no\n  edns-tcp-keepalive: yes\n  qname-minimisation: no\n  cache-max-ttl: 2000000\n` +
      ["2.0.192.in-addr.arpa", "168.192.in-addr.arpa", "home.arpa", "test", "localhost", "invalid"]
        .map((name) => `  local-zone: "${name}." nodefault\n`)
        .join("") +
      zones.map(({ name }) => `stub-zone:\n  name: "${name}"\n  stub-addr: 127.0.0.1@${behind}\n`).join("")
  }
]

/** Why a peer cannot run here. */
export const absent = (peer: Peer): string | undefined =>
  !fs.existsSync(peer.program)
    ? `${peer.program} is not installed`
    : peer.recursive === true && !fs.existsSync(all[0]!.program)
      ? "it needs NSD behind it"
      : undefined

export interface Running {
  /** By the peer's name. */
  readonly ports: ReadonlyMap<string, number>
  readonly stop: () => Promise<void>
}

/** Starts those that are installed, with these zones (text by name); `probe` is a name with an address in one of them. */
export const start = async (options: {
  readonly zones: Readonly<Record<string, string>>
  readonly probe: string
  readonly cookies: boolean
}): Promise<Running> => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-peers-"))
  const ports = new Map<string, number>()
  const stops: Array<() => Promise<void>> = []
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((each) => each()))
    fs.rmSync(folder, { recursive: true, force: true })
  }
  const startOne = async (peer: Peer): Promise<void> => {
    const port = await freePort()
    const home = path.join(folder, peer.name)
    fs.mkdirSync(home)
    const zones = Object.entries(options.zones).map(([name, text], index) => {
      fs.writeFileSync(path.join(home, `zone${index}`), text)
      return { name, file: `zone${index}` }
    })
    fs.writeFileSync(
      path.join(home, "conf"),
      peer.conf({ folder: home, port, behind: ports.get(all[0]!.name) ?? 0, cookies: options.cookies, zones })
    )
    const child = spawnTied(peer.program, peer.words(home), { stdio: ["ignore", "pipe", "pipe"] })
    let said = ""
    for (const stream of [child.stdout, child.stderr]) stream!.on("data", (text) => (said += String(text)))
    stops.push(async () => {
      if (child.exitCode !== null) return
      const ended = new Promise((resolve) => child.once("close", resolve))
      child.kill("SIGKILL")
      await ended
    })
    for (let i = 0; i < 50; i++) {
      if (await answers(port, options.probe)) return void ports.set(peer.name, port)
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const log = path.join(home, "log")
    throw new Error(
      `${peer.name} does not answer: ${said.slice(-2_000)}${fs.existsSync(log) ? fs.readFileSync(log, "utf8").slice(-2_000) : ""}`
    )
  }
  const present = all.filter((peer) => {
    const reason = absent(peer)
    if (reason !== undefined) console.log(`${peer.name} is left out: ${reason}`)
    return reason === undefined
  })
  try {
    // One that asks others starts behind them.
    await Promise.all(present.filter(({ recursive }) => recursive !== true).map(startOne))
    await Promise.all(present.filter(({ recursive }) => recursive === true).map(startOne))
  } catch (error) {
    await stop()
    throw error
  }
  return { ports, stop }
}

const answers = async (port: number, name: string): Promise<boolean> => {
  const asked = Effect.scoped(
    Effect.flatMap(
      Dns.make({
        servers: [`127.0.0.1:${port}`],
        hosts: false,
        timeout: "200 millis",
        attempts: 1,
        cache: { maxOctets: 0 }
      }),
      (dns) => dns.resolve(name, "A")
    )
  )
  const answer = await Effect.runPromise(Effect.result(asked))
  return answer._tag === "Success" && answer.success.kind === "records"
}

const freePort = (): Promise<number> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.map(
        ScriptedServer.make(() => []),
        ({ port }) => port
      )
    )
  )
