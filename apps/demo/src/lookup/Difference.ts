/**
 * Why strategies answer differently for one name: what each consults, and what the system's own files say about it.
 * Pure; the files are handed in.
 */
import * as Result from "effect/Result"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"

/** The system's files as text; empty where there is none. */
export interface Files {
  readonly hosts: string
  readonly resolvConf: string
  readonly nsswitch: string
}

/** What some strategies found and others did not, in the order in which it was found first. */
export const where = (
  answers: ReadonlyArray<{ readonly strategy: string; readonly found: ReadonlyArray<string> }>
): ReadonlyArray<string> => {
  const by = new Map<string, Array<string>>()
  for (const { found, strategy } of answers) {
    for (const word of new Set(found)) by.set(word, [...(by.get(word) ?? []), strategy])
  }
  return [...by].flatMap(([word, who]) => {
    const others = answers.flatMap(({ strategy }) => (who.includes(strategy) ? [] : [strategy]))
    return others.length === 0 ? [] : [`${word}: by ${who.join(" and ")}, not by ${others.join(" and ")}`]
  })
}

/** What was looked up, and who was asked. */
export interface Asked {
  /** A name in ASCII, with a dot at its end where it was given with one, or an address. */
  readonly subject: string
  /** Whom `dns` and `reactor` asked instead of the system's name servers. */
  readonly nameServer?: string | undefined
}

/** Sentences for people; the ones that hold for this name or address on this system. */
export const explain = ({ nameServer, subject }: Asked, files: Files): ReadonlyArray<string> => {
  const reasons: Array<string> = []
  const { ndots, search, servers } = resolver(files.resolvConf)
  if (nameServer !== undefined) {
    const system = servers.length === 0 ? "the system's" : servers.join(", ")
    reasons.push(
      `reactor and dns asked ${nameServer}, as --name-server says; threads asks ${system}, because the C library goes by resolv.conf alone`
    )
  }
  const found = inHosts(subject, files.hosts)
  if (found.length > 0) {
    const dns = nameServer === undefined ? "dns reads it first" : "dns does not where --name-server is given"
    // nss_files takes a name with a dot at its end for another one.
    const threads = subject.endsWith(".")
      ? "threads finds no name with a dot at its end there"
      : "threads reads it first"
    const reactor = isName(subject)
      ? "reactor does not for names"
      : "reactor does; the C library gives one name, reactor (c-ares) all but the first"
    reasons.push(`the hosts file says ${found.join(", ")}: ${threads}, ${dns}, ${reactor}`)
  }
  if (isName(subject) && !subject.endsWith(".")) {
    const dots = subject.split(".").length - 1
    const list = search.join(" ")
    if (search.length > 0) {
      const when =
        dots >= ndots
          ? "a name that is not found as it is is completed by the search list"
          : dots === 0
            ? "a name without a dot is completed by the search list"
            : `a name with fewer dots than ${ndots} (ndots) is first completed by the search list`
      reasons.push(`${when} (${list}): by threads and dns, not by reactor; a dot at its end says that it is complete`)
    } else if (dots === 0 && found.length === 0) {
      reasons.push("a name without a dot, and no search list to complete it")
    }
    if (/(?:^|\.)local$/i.test(subject)) {
      reasons.push(
        "names under local are for multicast DNS: only the C library may ask it, where nsswitch.conf says mdns"
      )
    }
  }
  if (/(?:^|\.)localhost\.?$/i.test(subject))
    reasons.push("localhost is answered without asking (RFC 6761 section 6.3)")
  const others = sources(files.nsswitch).filter((source) => source !== "files" && source !== "dns")
  if (others.length > 0) {
    reasons.push(`the C library (threads) also consults ${others.join(", ")} (nsswitch.conf)`)
  }
  return reasons
}

const isName = (subject: string): boolean => Result.isFailure(NetAddress.ipFromString(subject))

/** What the hosts file has for a name (addresses) or an address (names). */
const inHosts = (subject: string, text: string): ReadonlyArray<string> => {
  const table = Host.parseHostsFile(text)
  const wanted = subject.toLowerCase().replace(/\.$/, "")
  const asAddress = NetAddress.ipFromString(subject)
  const found: Array<string> = []
  for (const [name, addresses] of table) {
    const texts = addresses.map(NetAddress.formatIp)
    if (Result.isSuccess(asAddress)) {
      if (texts.includes(NetAddress.formatIp(asAddress.success))) found.push(name)
    } else if (name.toLowerCase() === wanted) found.push(...texts)
  }
  return found
}

/** What resolv.conf(5) says of name servers and of completing names: `search`, else `domain`; the last of them counts. */
const resolver = (
  text: string
): { readonly servers: ReadonlyArray<string>; readonly search: ReadonlyArray<string>; readonly ndots: number } => {
  const words = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, words]) => words!.split(/[ \t]+/).filter((word) => word !== ""))
  const options = words(/^options[ \t]+(.*)$/gm).flat()
  const dots = options.flatMap((option) => /^ndots:(\d{1,2})$/.exec(option)?.[1] ?? []).at(-1)
  return {
    servers: words(/^nameserver[ \t]+(.*)$/gm).flatMap(([address]) => address ?? []),
    search: words(/^(?:search|domain)[ \t]+(.*)$/gm).at(-1) ?? [],
    ndots: dots === undefined ? 1 : Number(dots)
  }
}

/** The sources of `hosts` in nsswitch.conf(5), in order; glibc's default where the file says nothing. */
const sources = (text: string): ReadonlyArray<string> => {
  const line = /^hosts:(.*)$/m.exec(text)?.[1]
  return line === undefined
    ? ["files", "dns"]
    : line
        .replaceAll(/\[[^\]]*\]/g, " ")
        .split(/[ \t]+/)
        .filter((word) => word !== "")
}
