/** The shared lookups as calls of the C library: `LookupHost` by getaddrinfo(3), `LookupAddress` by gethostbyaddr(3). */
import { LookupAddress, LookupError, LookupHost } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import { domainToASCII } from "node:url"
import type { Kind } from "./BlockingPool.ts"
import * as EaiError from "./EaiError.ts"

/** Octets that a name may have: what getaddrinfo's own buffers hold (`NI_MAXHOST`). */
const maxNameOctets = 1_025

const badName = (name: string, detail: string) =>
  Exit.fail(new LookupError({ name, reason: "BadName", code: "EAI_NONAME", detail }))

/** The name as it is looked up: in ASCII, as Node's own `dns.lookup` writes it. An exit if it is no name. */
const toPlatformName = (name: string): string | Exit.Exit<never, LookupError> => {
  if (name === "") return badName(name, "the name is empty")
  if (name.includes("\0")) return badName(name, "a NUL inside the name")
  // eslint-disable-next-line no-control-regex
  const ascii = /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name)
  if (ascii === "") return badName(name, "the name cannot be written in ASCII")
  if (ascii.length > maxNameOctets) return badName(name, `longer than ${maxNameOctets} octets`)
  return ascii
}

/**
 * All that the platform consults, in its order: files, DNS, mDNS, whatever `nsswitch.conf` says. Without
 * `AI_ADDRCONFIG`: what is on the loopback alone would be hidden, and platforms differ in what the flag hides.
 * An `IpAddress` has no place for the scope of a link-local address; `GetAddrInfo` keeps it.
 */
export const lookupHost: Kind<LookupHost> = {
  kind: LookupHost.kind,
  operation: (task, { constants }) => {
    const name = toPlatformName(task.name)
    if (typeof name !== "string") return name
    const family =
      task.family === undefined
        ? constants.AF_UNSPEC!
        : task.family === "IPv4"
          ? constants.AF_INET!
          : constants.AF_INET6!
    // One socket type, or every address comes once for each.
    return ["getaddrinfo", name, null, family, constants.SOCK_STREAM!, 0, 0]
  },
  answer: (task, code, errno, value: ReadonlyArray<string | number | null>, { constants }) => {
    const asked = { call: "getaddrinfo", subject: task.name }
    if (code !== 0) return Exit.fail(EaiError.fromNumber(constants, code, errno, asked).toLookupError())
    const texts = new Set<string>()
    for (let i = 3; i < value.length; i += 5) texts.add(value[i] as string)
    const addresses = Array.from(texts, NetAddress.ipFromStringUnsafe)
    if (addresses.length > 0) return Exit.succeed(addresses)
    return Exit.fail(EaiError.fromNumber(constants, constants.EAI_NONAME!, 0, asked).toLookupError())
  },
  timedOut: (task) => EaiError.timedOut({ call: "getaddrinfo", subject: task.name }).toLookupError()
}

/** The canonical name first, then the aliases: from files all names of the line; of several PTR records glibc tells one. */
export const lookupAddress: Kind<LookupAddress> = {
  kind: LookupAddress.kind,
  operation: (task) => ["gethostbyaddr", NetAddress.formatIp(task.address)],
  answer: (task, code, errno, value: readonly [string, ReadonlyArray<string>], { constants }) => {
    if (code === 0) return Exit.succeed([...new Set([value[0], ...value[1]])].map(withoutTrailingDot))
    const asked = { call: "gethostbyaddr", subject: NetAddress.formatIp(task.address) }
    return Exit.fail(EaiError.fromNumber(constants, code, errno, asked).toLookupError())
  },
  timedOut: (task) =>
    EaiError.timedOut({ call: "gethostbyaddr", subject: NetAddress.formatIp(task.address) }).toLookupError()
}

const withoutTrailingDot = (name: string): string => (name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name)
