/** `hosts`(5): addresses with their names. The first name of a line is the canonical one. Pure. */
import * as Result from "effect/Result"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"

export interface HostsFile {
  /** By name: lower case, without the final dot. */
  readonly addresses: ReadonlyMap<string, ReadonlyArray<NetAddress.IpAddress>>
  /** By address as text: all its names, the canonical one first. */
  readonly names: ReadonlyMap<string, ReadonlyArray<string>>
}

export const empty: HostsFile = { addresses: new Map(), names: new Map() }

/** Reads the file's text; lines that make no sense are passed over. */
export const parse = (text: string): HostsFile => {
  const addresses = new Map<string, ReadonlyArray<NetAddress.IpAddress>>()
  for (const [name, found] of Host.parseHostsFile(text)) addresses.set(name, found)
  const names = new Map<string, Array<string>>()
  for (const line of text.split(/\r?\n/)) {
    const [first = "", ...rest] = line.replace(/#.*$/, "").trim().split(/\s+/)
    const address = NetAddress.ipFromString(first)
    if (Result.isFailure(address)) continue
    const key = NetAddress.formatIp(address.success)
    const known = names.get(key) ?? []
    for (const name of rest) {
      const domain = Host.domainNameFromString(name)
      if (Result.isFailure(domain)) continue
      const text = Host.toRelative(domain.success)
      if (!known.includes(text)) known.push(text)
    }
    if (known.length > 0) names.set(key, known)
  }
  return { addresses, names }
}
