/**
 * The links that can be asked: one for each interface and each family it has addresses of. To a host that speaks only IPv4, one
 * that speaks only IPv6 is not there; who speaks both asks both (RFC 6762 20).
 */
import { BlockList } from "node:net"
import type { networkInterfaces } from "node:os"
import * as limits from "./limits.ts"

/** One interface, one family. */
export interface Link {
  readonly family: 4 | 6
  /** The interface's name: `eth0`. */
  readonly name: string
  /** Where questions go; of IPv6 with its zone: `ff02::fb%eth0`. */
  readonly group: string
  /** The interface's own address. */
  readonly address: string
  /** What says, after an address that is unique on this link alone, that it is of this link: `eth0`, on Windows a number. */
  readonly zone: string
  readonly neighbours: BlockList
}

/** Which links to ask. */
export interface Options {
  /** The name of an interface or an address of it, `eth0` or `192.0.2.7`; all that lead out of this machine unless told. */
  readonly interface?: string
  /** Both unless told. */
  readonly family?: 4 | 6
}

/** The links to ask, among the system's interfaces. */
export const choose = (
  interfaces: ReturnType<typeof networkInterfaces>,
  { family, interface: wanted }: Options
): ReadonlyArray<Link> => {
  const all = Object.entries(interfaces).map(([name, addresses = []]) => ({ name, addresses }))
  const named = ({ addresses, name }: (typeof all)[number]) =>
    name === wanted || addresses.some(({ address }) => address === wanted)
  const outer = all.filter(({ addresses }) => addresses.some(({ internal }) => !internal))
  const chosen = wanted !== undefined ? all.filter(named) : outer.length > 0 ? outer : all
  return chosen
    .flatMap(({ addresses, name }) => ([4, 6] as const).flatMap((one) => linkOf(name, one, addresses)))
    .filter((link) => family === undefined || link.family === family)
    .slice(0, limits.links)
}

type Addresses = NonNullable<ReturnType<typeof networkInterfaces>[string]>

const linkOf = (name: string, family: 4 | 6, all: Addresses): ReadonlyArray<Link> => {
  const addresses = all.filter((one) => one.family === `IPv${family}`)
  if (addresses.length === 0) return []
  const neighbours = new BlockList()
  for (const { address, cidr } of addresses) {
    if (cidr !== null) neighbours.addSubnet(address, Number(cidr.split("/")[1]), `ipv${family}`)
  }
  // Where there is IPv6 at all, these are on the link.
  if (family === 6) neighbours.addSubnet("fe80::", 10, "ipv6")
  const { scopeid } = addresses.find(({ address }) => isLinkLocal(address)) ?? addresses[0]!
  const zone = process.platform === "win32" && scopeid !== undefined ? String(scopeid) : name
  const group = family === 4 ? limits.group : `${limits.group6}%${zone}`
  return [{ family, name, group, address: addresses[0]!.address, zone, neighbours }]
}

/**
 * Whether who sent this is on the link, by its address: what comes from elsewhere is no answer, or anyone on the Internet could
 * send some (RFC 6762 11).
 */
export const isNeighbour = (link: Link, address: string): boolean => {
  const [bare, zone] = address.split("%") as [string, string?]
  return (zone === undefined || zone === link.zone) && link.neighbours.check(bare, `ipv${link.family}`)
}

/** Whether it takes a zone to say whose an address is. */
export const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)
