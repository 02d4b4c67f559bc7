/**
 * The order in which addresses of a name should be tried: RFC 6724 section 6, rules 1, 2, 5, 6, 8, 9 and 10. Pure: the
 * source address that the system would use for each destination is handed in. Rules 3, 4 and 7 need to know which
 * addresses are deprecated, of a home network or behind a tunnel, which no portable call tells; glibc passes 4 and 7 over
 * in the same way.
 */
import * as NetAddress from "effect/net/NetAddress"
import * as IpNetwork from "effect/net/IpNetwork"

export interface Candidate {
  readonly address: NetAddress.IpAddress
  /** The system's source address for it; undefined when there is no way there. */
  readonly source: NetAddress.IpAddress | undefined
}

/** The addresses, best first; equal ones stay as they were (rule 10). `sortlist` (resolv.conf(5)) orders IPv4 before all. */
export const arrange = (
  candidates: ReadonlyArray<Candidate>,
  sortlist: ReadonlyArray<IpNetwork.IpNetwork> = []
): ReadonlyArray<NetAddress.IpAddress> =>
  candidates
    .map((candidate, index) => ({ ...measure(candidate), index, place: placeIn(sortlist, candidate.address) }))
    .toSorted((a, b) => compare(a, b) || a.place - b.place || a.index - b.index)
    .map((measured) => measured.address)

interface Measured extends Candidate {
  readonly octets: Uint8Array
  readonly sourceOctets: Uint8Array | undefined
  readonly scope: number
  readonly policy: Policy
}

const measure = (candidate: Candidate): Measured => {
  const octets = to16(candidate.address)
  const sourceOctets = candidate.source === undefined ? undefined : to16(candidate.source)
  return { ...candidate, octets, sourceOctets, scope: scopeOf(octets), policy: policyOf(octets) }
}

const compare = (a: Measured, b: Measured): number => {
  // Rule 1: avoid unusable destinations.
  if ((a.sourceOctets === undefined) !== (b.sourceOctets === undefined)) return a.sourceOctets === undefined ? 1 : -1
  if (a.sourceOctets !== undefined && b.sourceOctets !== undefined) {
    // Rule 2: prefer matching scope.
    const matchA = a.scope === scopeOf(a.sourceOctets)
    const matchB = b.scope === scopeOf(b.sourceOctets)
    if (matchA !== matchB) return matchA ? -1 : 1
    // Rule 5: prefer matching label.
    const labelA = a.policy.label === policyOf(a.sourceOctets).label
    const labelB = b.policy.label === policyOf(b.sourceOctets).label
    if (labelA !== labelB) return labelA ? -1 : 1
  }
  // Rule 6: prefer higher precedence.
  if (a.policy.precedence !== b.policy.precedence) return b.policy.precedence - a.policy.precedence
  // Rule 8: prefer smaller scope.
  if (a.scope !== b.scope) return a.scope - b.scope
  // Rule 9: the longest matching prefix, for IPv6: for IPv4 it would only undo what the server balanced.
  if (a.sourceOctets !== undefined && b.sourceOctets !== undefined && !isMapped(a.octets) && !isMapped(b.octets)) {
    return commonPrefix(b.octets, b.sourceOctets) - commonPrefix(a.octets, a.sourceOctets)
  }
  return 0
}

interface Policy {
  readonly prefix: IpNetwork.Ipv6Network
  readonly precedence: number
  readonly label: number
}

const policy = (prefix: string, precedence: number, label: number): Policy => ({
  prefix: IpNetwork.fromStringUnsafe(prefix) as IpNetwork.Ipv6Network,
  precedence,
  label
})

/** The default policy table (section 2.1), longest prefix first. */
const policies: ReadonlyArray<Policy> = [
  policy("::1/128", 50, 0),
  policy("::ffff:0:0/96", 35, 4),
  policy("::/96", 1, 3),
  policy("2001::/32", 5, 5),
  policy("2002::/16", 30, 2),
  policy("3ffe::/16", 1, 12),
  policy("fec0::/10", 1, 11),
  policy("fc00::/7", 3, 13),
  policy("::/0", 40, 1)
]

const policyOf = (octets: Uint8Array): Policy => {
  const address = NetAddress.ipv6FromBytesUnsafe(octets)
  return policies.find((policy) => IpNetwork.contains(policy.prefix, address)) ?? policies.at(-1)!
}

/** Multicast scopes of section 3.1 with unicast mapped onto them: 2 link, 5 site, 14 global. */
const scopeOf = (octets: Uint8Array): number => {
  if (isMapped(octets)) {
    // Section 3.2: auto-configured and loopback IPv4 addresses have link scope, private ones global scope.
    return octets[12] === 127 || (octets[12] === 169 && octets[13] === 254) ? 2 : 14
  }
  if (octets[0] === 0xff) return octets[1]! & 15
  if (octets[0] === 0xfe) {
    if ((octets[1]! & 0xc0) === 0x80) return 2
    if ((octets[1]! & 0xc0) === 0xc0) return 5
  }
  for (let i = 0; i < 15; i++) if (octets[i] !== 0) return 14
  return octets[15] === 1 ? 2 : 14
}

const isMapped = (octets: Uint8Array): boolean => {
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return false
  return octets[10] === 0xff && octets[11] === 0xff
}

const to16 = (address: NetAddress.IpAddress): Uint8Array =>
  Uint8Array.from(
    NetAddress.ipv6ToOctets(NetAddress.isIpv4Address(address) ? NetAddress.toIpv4Mapped(address) : address)
  )

/** Bits in common, up to the 64 of a prefix (section 2.2). */
const commonPrefix = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < 8; i++) {
    const difference = a[i]! ^ b[i]!
    if (difference !== 0) return 8 * i + Math.clz32(difference) - 24
  }
  return 64
}

const placeIn = (sortlist: ReadonlyArray<IpNetwork.IpNetwork>, address: NetAddress.IpAddress): number => {
  const place = sortlist.findIndex(
    (network) =>
      IpNetwork.isIpv4Network(network) && NetAddress.isIpv4Address(address) && IpNetwork.contains(network, address)
  )
  return place < 0 ? sortlist.length : place
}
