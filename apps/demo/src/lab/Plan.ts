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
  readonly protocol: "ssh" | "smtp" | "http" | "https"
  /** What it says: a line, or a status line. */
  readonly text: string
  /** Where it speaks TLS: from the start, or when it is asked to. */
  readonly certificate?: Certificate
  readonly hostKey?: HostKeyType
  /** Milliseconds before it says it. */
  readonly latency: number
}

export interface Certificate {
  readonly flaw: keyof typeof limits.flaws | undefined
  /** Days from today until it ends; negative if it has ended. */
  readonly daysLeft: number
}

export type HostKeyType = "ssh-ed25519" | "ecdsa-sha2-nistp256"

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
  const hostKey = pick(hostKeyTypes, next)
  const certificate = certify(next)
  const ssh: Service = {
    port: limits.ports.ssh,
    protocol: "ssh",
    text: pick(sshVersions, next),
    latency: wait(),
    hostKey
  }
  const smtp: Service = {
    port: limits.ports.smtp,
    protocol: "smtp",
    text: `220 ${name} ESMTP ${pick(mailers, next)}`,
    latency: wait(),
    certificate
  }
  const text = pick(statusLines, next)
  const http: Service = { port: limits.ports.http, protocol: "http", text, latency: wait() }
  const https: Service = { port: limits.ports.https, protocol: "https", text, latency: wait(), certificate }
  const services = role === "mail" ? [ssh, smtp] : role === "db" ? [ssh] : [ssh, http, https]
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

const certify = (next: () => number): Certificate => {
  let at = next()
  const days = Math.floor(next() * 30)
  for (const [flaw, share] of Object.entries(limits.flaws) as ReadonlyArray<[keyof typeof limits.flaws, number]>) {
    if (at < share)
      return { flaw, daysLeft: flaw === "expired" ? -1 - days : flaw === "expiring" ? 1 + days : 60 + 10 * days }
    at -= share
  }
  return { flaw: undefined, daysLeft: 60 + 10 * days }
}

const hostKeyTypes = ["ssh-ed25519", "ssh-ed25519", "ecdsa-sha2-nistp256"] as const

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

/** One of so many parts of the hosts, from 0. */
export interface Part {
  readonly index: number
  readonly of: number
}

/** `1/3`, counted from 1. */
export const formatPart = ({ index, of }: Part): string => `${index + 1}/${of}`

export const parsePart = (words: string): Part | undefined => {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(words)
  const part = { index: Number(match?.[1]) - 1, of: Number(match?.[2]) }
  return part.index >= 0 && part.index < part.of ? part : undefined
}

/** The parts in which the hosts' services fit into processes with a usual limit of descriptors. */
export const parts = (plan: Plan): ReadonlyArray<Part> => {
  const sockets = plan.hosts.reduce((sum, { services }) => sum + services.length, 0)
  const of = Math.max(1, Math.ceil(sockets / limits.sockets))
  return Array.from({ length: of }, (_, index) => ({ index, of }))
}

/** The plan with the hosts of one part only. */
export const partOf = (plan: Plan, { index, of }: Part): Plan => ({
  ...plan,
  hosts: plan.hosts.filter((_, at) => at % of === index)
})

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
