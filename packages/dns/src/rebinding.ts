/**
 * Protection from rebinding: a name of the net that suddenly points into the private network makes a browser's, or a
 * server's, trust in names an attack on its neighbours. Off unless asked for, because split-horizon networks do it on
 * purpose; name their domains as exceptions.
 */
import type { Answer } from "./Answer.ts"
import * as IpNetwork from "effect/net/IpNetwork"
import type * as NetAddress from "effect/net/NetAddress"
import * as Records from "./Records.ts"

/** Addresses that no name of the net should have (RFC 6890, RFC 4193, RFC 3927, RFC 6598). */
const inside: ReadonlyArray<IpNetwork.IpNetwork> = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::/127",
  "fc00::/7",
  "fe80::/10",
  "::ffff:0:0/96"
].map((text) => IpNetwork.fromStringUnsafe(text))

/** What is wrong with an answer, or undefined. `protection`: off, on, or on except below these domains. */
export const guard = (
  protection: boolean | ReadonlyArray<string>
): ((answer: Answer) => string | undefined) | undefined => {
  if (protection === false) return undefined
  const allowed = (protection === true ? [] : protection).map((domain) => domain.toLowerCase().replace(/\.$/, ""))
  return (answer) => {
    if (allowed.some((domain) => answer.name === domain || answer.name.endsWith(`.${domain}`))) return undefined
    for (const record of answer.records) {
      const address = Records.address(record)
      if (address !== undefined && isPrivate(address)) return `it points to ${String(address)}, a private address`
    }
    return undefined
  }
}

/** Whether an address is one that no name of the net should have. */
export const isPrivate = (address: NetAddress.IpAddress): boolean =>
  inside.some((network) =>
    IpNetwork.isIpv4Network(network)
      ? address._tag === "Ipv4Address" && IpNetwork.contains(network, address)
      : address._tag === "Ipv6Address" && IpNetwork.contains(network as IpNetwork.Ipv6Network, address)
  )
