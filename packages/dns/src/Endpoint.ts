/**
 * A name server and how to reach it.
 *
 * As text: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`, `fe80::53%eth0`, `tcp://192.0.2.53`, `tls://192.0.2.53#dns.example`
 * (RFC 7858; the name after `#` must be in its certificate), `https://dns.example/dns-query#192.0.2.53` (RFC 8484; the
 * address after `#` is where it is, so that no name need be resolved first).
 */
import * as Result from "effect/Result"
import * as EffectDns from "effect/net/Dns"
import * as NetAddress from "effect/net/NetAddress"

export interface Endpoint {
  /** `udp` falls back to TCP at the same address. */
  readonly protocol: "udp" | "tcp" | "tls" | "https"
  /** An IP address, perhaps with a zone. */
  readonly address: string
  readonly port: number
  /** The name that the server's certificate must be for. Without one and without pins, TLS is opportunistic (RFC 7858 4.1). */
  readonly name?: string | undefined
  /** The name or address that the certificate must be for when that is not `name`: the resolver's address, with DDR. */
  readonly certificateFor?: string | undefined
  /** SHA-256 of the public keys accepted, base64 (RFC 7858 4.2): any of them, and no authority is asked. */
  readonly pins?: ReadonlyArray<string> | undefined
  /** Certificates of authorities to trust instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** Path of the HTTPS service. */
  readonly path?: string | undefined
  /** How questions go over HTTPS: `GET` can be cached on the way, `POST` is smaller. Default `POST`. */
  readonly method?: "GET" | "POST" | undefined
}

/** What a server can be given as. */
export type Input = string | NetAddress.InetAddress | Endpoint

/** An endpoint of what was given, or what is wrong with it. */
export const make = (input: Input): Result.Result<Endpoint, NetAddress.NetAddressError> => {
  if (typeof input === "string") return fromString(input)
  if ("protocol" in input) return Result.succeed(input)
  return Result.succeed(ofAddress("udp", input))
}

/** As `make`, throwing what is wrong. */
export const makeUnsafe = (input: Input): Endpoint => Result.getOrThrow(make(input))

/** Text that tells two endpoints apart, in the form that `make` reads. */
export const format = (self: Endpoint): string => {
  const host = self.address.includes(":") ? `[${self.address}]` : self.address
  if (self.protocol === "udp") return `${host}:${self.port}`
  if (self.protocol === "https") {
    const name = self.name ?? self.address
    const authority = name.includes(":") ? `[${name}]` : name
    const port = self.port === 443 ? "" : `:${self.port}`
    return `https://${authority}${port}${self.path ?? "/dns-query"}#${self.address}`
  }
  return `${self.protocol}://${host}:${self.port}${self.name === undefined ? "" : `#${self.name}`}`
}

const fromString = (text: string): Result.Result<Endpoint, NetAddress.NetAddressError> => {
  const scheme = /^([a-z]+):\/\//.exec(text)
  if (scheme === null) return atPlace("udp", text, 53)
  const protocol = scheme[1]
  if (protocol === "https") return fromUrl(text)
  const [place, name] = text.slice(scheme[0].length).split("#") as [string, string?]
  if (protocol === "udp" || protocol === "tcp") return atPlace(protocol, place, 53)
  if (protocol === "tls") return Result.map(atPlace("tls", place, 853), (endpoint) => ({ ...endpoint, name }))
  return Result.fail(new NetAddress.NetAddressError({ input: text, message: `unknown protocol ${protocol}` }))
}

/** An address, perhaps with a port: IPv6 with one stands in brackets, and may do so without one. */
const atPlace = (
  protocol: Endpoint["protocol"],
  text: string,
  usualPort: number
): Result.Result<Endpoint, NetAddress.NetAddressError> => {
  // A zone stays as it is written: its interface is the system's business.
  const zone = /^\[?[\da-f]*:[\da-f:.]*(%[^\]]+)/i.exec(text)?.[1] ?? ""
  const place = text.replace(zone, "").replace(/^\[([^\]]*)\]$/, "$1")
  const withPort = place.startsWith("[") || /^[^:]*:\d+$/.test(place)
  return Result.map(EffectDns.nameServerFromString(place), (address) => ({
    protocol,
    address: NetAddress.formatHost(address) + zone,
    port: withPort ? address.port : usualPort
  }))
}

const fromUrl = (text: string): Result.Result<Endpoint, NetAddress.NetAddressError> => {
  const fail = (message: string) => Result.fail(new NetAddress.NetAddressError({ input: text, message }))
  if (!URL.canParse(text)) return fail("not a URL")
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const address = NetAddress.ipFromString(url.hash === "" ? host : url.hash.replace(/^#\[?|\]$/g, ""))
  if (Result.isFailure(address)) return fail("the address of a server over HTTPS must stand after #")
  return Result.succeed({
    protocol: "https",
    address: NetAddress.formatIp(address.success),
    port: url.port === "" ? 443 : Number(url.port),
    name: host,
    path: (url.pathname === "/" ? "/dns-query" : url.pathname) + url.search
  })
}

const ofAddress = (protocol: Endpoint["protocol"], address: NetAddress.InetAddress): Endpoint => ({
  protocol,
  address: NetAddress.formatHost(address),
  port: address.port
})
