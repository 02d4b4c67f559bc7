/**
 * Addresses that no delegation of the net may send us to: this machine, its link, and groups (RFC 6890). Whoever writes such an
 * address into its zone would have us ask, or be asked by, services of ours that answer nobody else.
 */
import { BlockList, isIPv6 } from "node:net"

const own = new BlockList()
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  // Multicast, what was never given out, and broadcast.
  ["224.0.0.0", 3]
] as const)
  own.addSubnet(network, prefix, "ipv4")
for (const [network, prefix] of [
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8]
] as const)
  own.addSubnet(network, prefix, "ipv6")

/** Whether a name server of the net can be there. An IPv4 address that is mapped into IPv6 counts as what it is. */
export const isAskable = (address: string): boolean => !own.check(address, isIPv6(address) ? "ipv6" : "ipv4")
