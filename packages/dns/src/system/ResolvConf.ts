/**
 * `resolv.conf`(5), all of it: what glibc reads, with its limits. Pure; see `System.ts` for reading and watching the file.
 */
import * as Result from "effect/Result"
import * as EffectDns from "effect/net/Dns"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as limits from "../limits.ts"

export interface ResolvConf {
  /** At most three, as glibc (`MAXNS`). */
  readonly nameservers: ReadonlyArray<NetAddress.InetAddress>
  readonly search: ReadonlyArray<string>
  /** A name with fewer dots than this is tried with the search list first; 0 to 15. */
  readonly ndots: number
  /** Seconds, 1 to 30. */
  readonly timeout: number
  /** 1 to 5. */
  readonly attempts: number
  readonly rotate: boolean
  /** `use-vc`: TCP only. */
  readonly useVc: boolean
  readonly edns0: boolean
  readonly trustAd: boolean
  /** `no-aaaa`: lookups ask for A only. */
  readonly noAaaa: boolean
  /** `inet6` and the options that only change how glibc uses its socket: kept, without effect here. */
  readonly otherOptions: ReadonlyArray<string>
  /** Networks whose addresses are put first, in this order. */
  readonly sortlist: ReadonlyArray<IpNetwork.IpNetwork>
}

/** What holds without a file (resolv.conf(5)): the name server of this machine, and the host's own domain to search. */
export const defaults: ResolvConf = {
  nameservers: [NetAddress.inetAddressFromIpStringUnsafe("127.0.0.1", 53)],
  search: [],
  ndots: 1,
  timeout: 5,
  attempts: limits.attempts.default,
  rotate: false,
  useVc: false,
  edns0: false,
  trustAd: false,
  noAaaa: false,
  otherOptions: [],
  sortlist: []
}

const maxNameservers = 3
const maxSort = 10

/**
 * Reads the file's text. Lines that make no sense are passed over, as glibc does. `hostname` gives the domain to search
 * when the file names none; `environment` may override `search` (`LOCALDOMAIN`) and options (`RES_OPTIONS`); `scopeIds` are
 * the numbers of the system's interfaces by name, for name servers on a link (`fe80::1%eth0`).
 */
export const parse = (
  text: string,
  context: {
    readonly hostname?: string
    readonly scopeIds?: ReadonlyMap<string, number>
    readonly environment?: { readonly LOCALDOMAIN?: string | undefined; readonly RES_OPTIONS?: string | undefined }
  } = {}
): ResolvConf => {
  const nameservers: Array<NetAddress.InetAddress> = []
  let search: ReadonlyArray<string> | undefined
  const sortlist: Array<IpNetwork.IpNetwork> = []
  const options: Array<string> = []
  for (const line of text.split(/\r?\n/)) {
    // A comment mark counts in the first column only; the keyword must start there, too.
    if (line.startsWith("#") || line.startsWith(";")) continue
    const [keyword, ...words] = line.trimEnd().split(/[ \t]+/)
    switch (keyword) {
      case "nameserver": {
        const address = EffectDns.nameServerFromString(words[0] ?? "")
        if (Result.isSuccess(address)) nameservers.push(address.success)
        else {
          const scoped = scopedServer(words[0] ?? "", context.scopeIds)
          if (scoped !== undefined) nameservers.push(scoped)
        }
        break
      }
      case "domain":
        // The last of `domain` and `search` wins.
        if (words[0] !== undefined) search = [undot(words[0])]
        break
      case "search":
        if (words.length > 0) search = words.filter((word) => word !== "").map(undot)
        break
      case "sortlist":
        for (const word of words) {
          const network = sortNetwork(word)
          if (network !== undefined && sortlist.length < maxSort) sortlist.push(network)
        }
        break
      case "options":
        options.push(...words)
        break
      default:
    }
  }
  const { LOCALDOMAIN: localDomain, RES_OPTIONS: resOptions } = context.environment ?? {}
  if (localDomain !== undefined && localDomain !== "") {
    search = localDomain
      .split(/[ \t]+/)
      .filter((word) => word !== "")
      .map(undot)
  }
  if (resOptions !== undefined) options.push(...resOptions.split(/[ \t]+/))
  const dot = context.hostname?.indexOf(".") ?? -1
  search ??= dot >= 0 ? [undot(context.hostname!.slice(dot + 1))] : []
  return {
    ...defaults,
    ...parseOptions(options),
    nameservers: nameservers.length === 0 ? defaults.nameservers : nameservers.slice(0, maxNameservers),
    search: search.filter((domain) => domain.length <= 253),
    sortlist
  }
}

const parseOptions = (words: ReadonlyArray<string>): Partial<ResolvConf> => {
  const found: { -readonly [K in keyof ResolvConf]?: ResolvConf[K] } = {}
  const otherOptions: Array<string> = []
  const number = (text: string, least: number, most: number): number | undefined => {
    const value = Number.parseInt(text, 10)
    return Number.isNaN(value) ? undefined : Math.max(least, Math.min(value, most))
  }
  for (const word of words) {
    const [name, value = ""] = word.split(":") as [string, string?]
    const set = <K extends keyof ResolvConf>(key: K, to: ResolvConf[K] | undefined): void => {
      if (to !== undefined) found[key] = to
    }
    if (name === "ndots") set("ndots", number(value, 0, 15))
    else if (name === "timeout") set("timeout", number(value, 1, limits.timeout.max / 1_000))
    else if (name === "attempts") set("attempts", number(value, 1, limits.attempts.max))
    else if (name === "rotate") found.rotate = true
    else if (name === "use-vc") found.useVc = true
    else if (name === "edns0") found.edns0 = true
    else if (name === "trust-ad") found.trustAd = true
    else if (name === "no-aaaa") found.noAaaa = true
    else if (name !== "") otherOptions.push(word)
  }
  return { ...found, otherOptions }
}

const undot = (domain: string): string => (domain.length > 1 && domain.endsWith(".") ? domain.slice(0, -1) : domain)

/** `fe80::1%eth0`: an address on a link. */
const scopedServer = (text: string, scopeIds?: ReadonlyMap<string, number>): NetAddress.InetAddress | undefined =>
  text.includes("%") ? Result.getOrUndefined(NetAddress.inetAddressFromHostString(text, 53, scopeIds)) : undefined

/** `130.155.160.0/255.255.240.0`, or a network alone, whose mask its class gives (resolv.conf(5) `sortlist`). */
const sortNetwork = (text: string): IpNetwork.IpNetwork | undefined => {
  const [address, mask] = text.split("/") as [string, string?]
  const ip = NetAddress.ipv4FromString(address)
  if (Result.isFailure(ip)) return undefined
  let length: number
  if (mask === undefined) {
    const first = NetAddress.ipv4ToOctets(ip.success)[0]
    length = first < 128 ? 8 : first < 192 ? 16 : 24
  } else {
    const octets = NetAddress.ipv4FromString(mask)
    if (Result.isFailure(octets)) return undefined
    length = NetAddress.ipv4ToOctets(octets.success).reduce(
      (bits, octet) => bits + octet.toString(2).replaceAll("0", "").length,
      0
    )
  }
  return IpNetwork.fromAddressUnsafe(ip.success, length)
}
