/** A line of a hosts file that says what to survey: `name [port[/protocol] ...]`, `#` starts a comment. */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import { domainToASCII } from "node:url"
import { protocols as inspected } from "../inspect/Inspected.ts"
import * as limits from "./limits.ts"
import { quoted } from "./quoted.ts"

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

/** `greeting`: the peer speaks first. `http`: it answers `GET /`. The others are conversations of their own. */
export const protocols = ["greeting", "http", ...inspected] as const
export type Protocol = (typeof protocols)[number]

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

/** How many addresses a range has. */
export const size = ({ network }: Range): number => Number(IpNetwork.addressCount(network))

/** The targets of a range, from its first address to its last, each made when it is asked for. */
export function* expand(range: Range): Generator<Target, void> {
  const { line, network, ports } = range
  const isIpv4 = NetAddress.isIpv4Address(network.address)
  const octets = isIpv4 ? NetAddress.ipv4ToOctets(network.address) : NetAddress.ipv6ToOctets(network.address)
  const bytes = Uint8Array.from(octets)
  for (let left = size(range); left > 0; left--) {
    const address = isIpv4 ? NetAddress.ipv4FromBytesUnsafe(bytes) : NetAddress.ipv6FromBytesUnsafe(bytes)
    yield { _tag: "Target", line, host: NetAddress.formatIp(address), isAddress: true, ports }
    // The next one: a carry goes on to the left.
    for (let at = bytes.length - 1; at >= 0 && ++bytes[at]! > 255; at--);
  }
}

const parseRange = (text: string): IpNetwork.IpNetwork | string => {
  const network = IpNetwork.fromString(text)
  if (Result.isFailure(network)) {
    const whole = firstOf(text)
    return whole === undefined
      ? "not a range of addresses, such as 192.0.2.0/24"
      : `a range begins with its first address: ${whole}`
  }
  const count = IpNetwork.addressCount(network.success)
  return count > BigInt(limits.rangeAddresses)
    ? `a range of ${count} addresses, at most ${limits.rangeAddresses}`
    : network.success
}

/** The range that an address inside of it means: 192.0.2.0/24 for 192.0.2.77/24. */
const firstOf = (text: string): string | undefined => {
  const slash = text.indexOf("/")
  const range = Result.flatMap(NetAddress.ipFromString(text.slice(0, slash)), (address) =>
    IpNetwork.fromAddress(address, Number(text.slice(slash + 1)))
  )
  return Result.isSuccess(range) ? IpNetwork.format(range.success) : undefined
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

/** `80`, `80/http` or `25/greeting`; a string says what is wrong. Where nothing is said, well-known ports are what they are. */
export const parsePort = (word: string): Port | string => {
  const match = /^(\d{1,5})(?:\/([a-z]+))?$/.exec(word)
  const port = Number(match?.[1])
  if (match === null || port < 1 || port > 65_535) return `not a port: ${excerpt(word)}`
  const protocol = match[2] ?? usual[port] ?? "greeting"
  return isProtocol(protocol) ? { port, protocol } : `not a protocol (${protocols.join(", ")}): ${excerpt(word)}`
}

const isProtocol = (word: string): word is Protocol => (protocols as ReadonlyArray<string>).includes(word)

/** What ports are for where nothing is said (IANA's registry, and what people do). */
const usual: Readonly<Record<number, Protocol>> = {
  22: "ssh",
  2_222: "ssh",
  25: "smtp",
  587: "smtp",
  2_525: "smtp",
  80: "http",
  8_000: "http",
  8_080: "http",
  110: "pop3",
  143: "imap",
  443: "https",
  8_443: "https",
  465: "tls",
  636: "tls",
  853: "tls",
  993: "tls",
  995: "tls"
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
    if (!/^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/.test(label)) return { reason: `not a name: ${instead(text)}` }
  }
  // A name whose last label is a number is a mistyped address (RFC 3696 section 2; the C library reads it as one).
  if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name)) return { reason: "not an address, and no name ends in a number" }
  return name
}

/** What to write instead of what people write who are used to other tools. */
const instead = (text: string): string => {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return "a URL; write the host of it alone, and its port after a blank"
  if (text.startsWith("*.")) return "a wildcard; write the hosts that there are"
  if (/^[\da-f:.]+%/i.test(text)) return "an address with a zone, which means something on one machine only"
  if (/^(?:\[[\da-f:.]+\]|[^[\]:]+)(?::\d+)?$/i.test(text) && /[[:]/.test(text)) {
    return "an address has no brackets, and ports come after a blank: 2001:db8::1 443"
  }
  if (/[,;]/.test(text)) return "a host to a line; blanks, not commas, come before its ports"
  return "only letters, digits, _ and inner hyphens"
}

/** The start of a text, with what a terminal would act on shown as escapes. */
export const excerpt = (text: string): string => {
  const start = text.length > limits.excerptCharacters ? `${text.slice(0, limits.excerptCharacters)}...` : text
  return quoted(start).slice(1, -1)
}
