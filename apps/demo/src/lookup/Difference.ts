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

/** Sentences for people; the ones that hold for this name or address on this system. */
export const explain = (subject: string, files: Files): ReadonlyArray<string> => {
  const reasons: Array<string> = []
  const found = inHosts(subject, files.hosts)
  if (found.length > 0) {
    reasons.push(
      `the hosts file says ${found.join(", ")}: threads and dns read it first (dns does not when --name-server is given), reactor never`
    )
  }
  const search = searchList(files.resolvConf)
  if (isName(subject) && !subject.endsWith(".")) {
    const dots = subject.split(".").length - 1
    if (dots === 0 && search.length > 0) {
      reasons.push(
        `a name without a dot is completed by the search list (${search.join(" ")}): by threads and dns, not by reactor`
      )
    } else if (dots === 0) {
      reasons.push("a name without a dot, and no search list to complete it")
    }
    if (/(?:^|\.)local$/i.test(subject)) {
      reasons.push(
        "names under local are for multicast DNS: only the C library may ask it, where nsswitch.conf says mdns"
      )
    }
    if (/(?:^|\.)localhost$/i.test(subject)) reasons.push("localhost is answered without asking (RFC 6761 section 6.3)")
  }
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

/** `search` of resolv.conf(5), else `domain`; the last of them counts. */
const searchList = (text: string): ReadonlyArray<string> => {
  let list: ReadonlyArray<string> = []
  for (const [, , words] of text.matchAll(/^(search|domain)[ \t]+(.*)$/gm)) {
    list = words!.split(/[ \t]+/).filter((word) => word !== "")
  }
  return list
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
