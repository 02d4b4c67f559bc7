/** A line of a hosts file that says what to survey: `name [port[/greeting|/http] ...]`, `#` starts a comment. */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import { domainToASCII } from "node:url"
import * as limits from "./limits.ts"

export interface Target {
  readonly _tag: "Target"
  /** Line number, from 1. */
  readonly line: number
  /** A name without its last dot, in ASCII and lower case, or an address in its canonical form. */
  readonly host: string
  readonly isAddress: boolean
  /** Ports of this host alone; empty: those of the survey. */
  readonly ports: ReadonlyArray<Port>
}

export interface Port {
  readonly port: number
  readonly protocol: Protocol
}

/** `greeting`: the peer speaks first. `http`: it answers `HEAD /`. */
export type Protocol = "greeting" | "http"

/** A line that cannot be surveyed, and why. */
export interface Reject {
  readonly _tag: "Reject"
  readonly line: number
  /** The start of the line, printable. */
  readonly excerpt: string
  readonly reason: string
}

/** A range of addresses, `192.0.2.0/24`: a target for each of them. */
export interface Range extends Omit<Target, "_tag" | "host" | "isAddress"> {
  readonly _tag: "Range"
  readonly network: IpNetwork.IpNetwork
}

/** The targets of a range, from its first address to its last. */
export const expand = ({ line, network, ports }: Range): Array<Target> => {
  const isIpv4 = NetAddress.isIpv4Address(network.address)
  const octets = isIpv4 ? NetAddress.ipv4ToOctets(network.address) : NetAddress.ipv6ToOctets(network.address)
  let first = 0n
  for (const octet of octets) first = (first << 8n) | BigInt(octet)
  return Array.from({ length: Number(IpNetwork.addressCount(network)) }, (_, index) => {
    let rest = first + BigInt(index)
    const bytes = new Uint8Array(octets.length)
    for (let at = bytes.length - 1; at >= 0; at--) {
      bytes[at] = Number(rest & 255n)
      rest >>= 8n
    }
    const address = isIpv4 ? NetAddress.ipv4FromBytesUnsafe(bytes) : NetAddress.ipv6FromBytesUnsafe(bytes)
    return { _tag: "Target", line, host: NetAddress.formatIp(address), isAddress: true, ports }
  })
}

const parseRange = (text: string): IpNetwork.IpNetwork | string => {
  const network = IpNetwork.fromString(text)
  if (Result.isFailure(network)) return "not a range of addresses, such as 192.0.2.0/24"
  const count = IpNetwork.addressCount(network.success)
  return count > BigInt(limits.rangeAddresses)
    ? `a range of ${count} addresses, at most ${limits.rangeAddresses}`
    : network.success
}

/** Reads one line; `undefined` for a line that is only a comment. */
export const parse = (line: number, text: string): Target | Range | Reject | undefined => {
  const reject = (reason: string): Reject => ({ _tag: "Reject", line, excerpt: excerpt(text), reason })
  const hash = text.indexOf("#")
  const words = (hash < 0 ? text : text.slice(0, hash)).split(/[\t ]+/).filter((word) => word !== "")
  const first = words[0]
  if (first === undefined) return hash < 0 ? reject("empty line") : undefined
  const ports: Array<Port> = []
  for (const word of words.slice(1)) {
    const port = parsePort(word)
    if (typeof port === "string") return reject(port)
    ports.push(port)
  }
  if (/^[\da-f.:]+\/\d+$/i.test(first)) {
    const network = parseRange(first)
    return typeof network === "string" ? reject(network) : { _tag: "Range", line, network, ports }
  }
  const address = NetAddress.ipFromString(first)
  if (Result.isSuccess(address)) {
    return { _tag: "Target", line, host: NetAddress.formatIp(address.success), isAddress: true, ports }
  }
  const name = parseName(first)
  if (typeof name === "object") return reject(name.reason)
  return { _tag: "Target", line, host: name, isAddress: false, ports }
}

/** `80`, `80/http` or `25/greeting`; a string says what is wrong. Port 80, 8000 and 8080 are http if nothing is said. */
export const parsePort = (word: string): Port | string => {
  const match = /^(\d{1,5})(?:\/([a-z]+))?$/.exec(word)
  const port = Number(match?.[1])
  if (match === null || port < 1 || port > 65_535) return `not a port: ${excerpt(word)}`
  const protocol = match[2] ?? (port === 80 || port === 8_000 || port === 8_080 ? "http" : "greeting")
  if (protocol !== "greeting" && protocol !== "http") return `not a protocol (greeting or http): ${excerpt(word)}`
  return { port, protocol }
}

const parseName = (text: string): string | { readonly reason: string } => {
  // domainToASCII maps some characters away and takes numbers for addresses; it is asked only where it is needed.
  // oxlint-disable-next-line no-control-regex
  const ascii = /^[\u0000-\u007f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text)
  if (ascii === "") return { reason: "not a name: IDNA does not allow its characters" }
  const name = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii
  if (name.length > limits.nameOctets) {
    return { reason: `name too long: ${name.length} octets, at most ${limits.nameOctets}` }
  }
  for (const label of name.split(".")) {
    if (label === "") return { reason: "not a name: an empty label (two dots, or a dot in front)" }
    if (label.length > limits.labelOctets) {
      return { reason: `label too long: ${label.length} octets, at most ${limits.labelOctets}` }
    }
    if (!/^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/.test(label)) {
      return { reason: "not a name: only letters, digits, _ and inner hyphens" }
    }
  }
  // A name whose last label is a number is a mistyped address (RFC 3696 section 2; the C library reads it as one).
  if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name)) return { reason: "not an address, and no name ends in a number" }
  return name
}

/** The start of a text, with what a terminal would act on shown as escapes. */
export const excerpt = (text: string): string => {
  const start = text.length > limits.excerptCharacters ? `${text.slice(0, limits.excerptCharacters)}...` : text
  return JSON.stringify(start).slice(1, -1).replaceAll("\u007f", "\\u007f")
}
