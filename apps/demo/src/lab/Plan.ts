/**
 * The lab on paper: which hosts there are, what their names and addresses are, what they run and how they behave. Pure,
 * and decided by the seed; `Lab` builds it.
 */
import * as limits from "./limits.ts"
import { random } from "./random.ts"

/** How a host behaves as a whole. */
export type Behaviour = "healthy" | "missing" | "serverFailure" | "refusing" | "silent" | "closing" | "slow"

export interface Service {
  readonly port: number
  /** `greeting`: speaks first. `http`: answers a request. */
  readonly protocol: "greeting" | "http"
  /** What it says: a line, or a status line. */
  readonly text: string
  /** Milliseconds before it says it. */
  readonly latency: number
}

export interface Host {
  readonly name: string
  readonly ipv4: string
  /** A documentation address (RFC 3849): in DNS only, nobody listens there. */
  readonly ipv6: string | undefined
  /** The name that its addresses lead back to: its own, or one that it had before. */
  readonly reverse: string
  readonly behaviour: Behaviour
  readonly services: ReadonlyArray<Service>
}

export interface Plan {
  readonly seed: number
  readonly broken: number
  /** The zone of all names, without a trailing dot. */
  readonly zone: string
  /** `127.x`: the first half of every address. */
  readonly network: string
  readonly hosts: ReadonlyArray<Host>
}

export interface Options {
  readonly hosts?: number
  readonly seed?: number
  readonly network?: string
  /** How many times the usual share of hosts is broken; default 1, 0 for none, at most `limits.mostBroken`. */
  readonly broken?: number
}

/** The zone of all labs (RFC 6761 keeps `test` for this). */
export const zone = "lab.test"

export const make = (options: Options = {}): Plan => {
  const seed = options.seed ?? limits.seed.default
  const network = options.network ?? limits.network
  const count = options.hosts ?? limits.hosts.default
  const next = random(seed)
  const hosts = Array.from({ length: count }, (_, index) => host(index, network, next, options.broken ?? 1))
  return { seed, broken: options.broken ?? 1, zone, network, hosts }
}

const roles = ["web", "mail", "app", "db", "edge"] as const

const host = (index: number, network: string, next: () => number, broken: number): Host => {
  const role = pick(roles, next)
  const name = `${role}-${String(index + 1).padStart(4, "0")}.${zone}`
  // 0 and 255 are kept out of the last octet: some tools take them for network and broadcast addresses.
  const ipv4 = `${network}.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`
  const behaviour = behave(next, broken)
  const ipv6 = next() < 0.4 ? `2001:db8:77::${(index + 1).toString(16)}` : undefined
  const reverse = next() < limits.stale ? `old-${String(index + 1).padStart(4, "0")}.${zone}` : name
  const wait = () =>
    behaviour === "slow"
      ? limits.slowLatency
      : Math.round(
          limits.serviceLatency.minimum + next() ** 2 * (limits.serviceLatency.maximum - limits.serviceLatency.minimum)
        )
  const ssh: Service = { port: limits.ports.ssh, protocol: "greeting", text: pick(sshVersions, next), latency: wait() }
  const smtp: Service = {
    port: limits.ports.smtp,
    protocol: "greeting",
    text: `220 ${name} ESMTP ${pick(mailers, next)}`,
    latency: wait()
  }
  const http: Service = { port: limits.ports.http, protocol: "http", text: pick(statusLines, next), latency: wait() }
  const services = role === "mail" ? [ssh, smtp] : role === "db" ? [ssh] : [ssh, http]
  return { name, ipv4, ipv6, reverse, behaviour, services: behaviour === "refusing" ? [] : services }
}

const behave = (next: () => number, broken: number): Behaviour => {
  let at = next()
  for (const [behaviour, share] of Object.entries(limits.broken)) {
    if (at < share * broken) return behaviour as Behaviour
    at -= share * broken
  }
  return "healthy"
}

const pick = <A>(values: readonly [A, ...Array<A>], next: () => number): A =>
  values[Math.floor(next() * values.length)] ?? values[0]

const sshVersions = [
  "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
  "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10",
  "SSH-2.0-OpenSSH_7.4",
  "SSH-2.0-dropbear_2022.83"
] as const

const mailers = ["Postfix (Debian/GNU)", "Exim 4.96", "OpenSMTPD"] as const

const statusLines = [
  "HTTP/1.1 200 OK",
  "HTTP/1.1 200 OK",
  "HTTP/1.1 301 Moved Permanently",
  "HTTP/1.1 403 Forbidden",
  "HTTP/1.1 404 Not Found",
  "HTTP/1.1 503 Service Unavailable"
] as const

/** Hosts whose names are in the zone: all but the missing. */
export const named = (plan: Plan): ReadonlyArray<Host> => plan.hosts.filter((host) => host.behaviour !== "missing")

/**
 * The lab's names as a hosts file (`man 5 hosts`), for where the name server cannot have its port. The first name of a
 * line is the one that the address leads back to.
 */
export const hostsFile = (plan: Plan): string =>
  [
    "127.0.0.1 localhost",
    "::1 localhost",
    ...named(plan).flatMap((host) => {
      if (host.behaviour === "serverFailure") return []
      const names = host.reverse === host.name ? host.name : `${host.reverse} ${host.name}`
      return [host.ipv4, host.ipv6].flatMap((address) => (address === undefined ? [] : [`${address} ${names}`]))
    }),
    ""
  ].join("\n")
