/**
 * The NSEC and NSEC3 records that prove what is not there: RFC 4035 3.1.3 and RFC 5155 7.2. A zone without them proves
 * nothing and gets no records. What is in the zone is taken as it is: a server does not judge its zone. But one with more
 * than `most` iterations of NSEC3 counts as without: each proof takes some hashes of as many, and a zone may come from others.
 */
import { Name, type ResourceRecord } from "../wire/index.ts"
import { nsec3Hash } from "../dnssec/nsec3Hash.ts"

import * as types from "../zone/types.ts"
import type { Node, Zone } from "../zone/Zone.ts"

type Record = ResourceRecord.ResourceRecord
type Records = Array<Record>

/** The name is there, the type is not (7.2.3 and 7.2.4). */
export const noData = (zone: Zone, node: Node, type: number, most: number, out: Records): Records => {
  const chain = nsec3Of(zone, most)
  if (chain === undefined) {
    // An empty non-terminal has no NSEC of its own: the one before it covers it (RFC 4035 3.1.3.1).
    return node.sets.has(types.NSEC) ? addNsec(node, out) : addCovering(zone, node.name, out)
  }
  if (addMatching(zone, chain, node.name, out)) return out
  // Opt-out: only the encloser can be proven, and that what leads to the name has no hash (RFC 5155 7.2.4).
  return type === types.DS || node.isEmpty
    ? addEncloserProof(zone, chain, node.name, enclosedBy(zone, chain, node.name), out)
    : out
}

/** There is no such name, and no wildcard for it (7.2.2). */
export const noName = (zone: Zone, name: Name.Name, encloser: Node, most: number, out: Records): Records => {
  const chain = nsec3Of(zone, most)
  const wildcard = childOf(encloser.name, star)
  if (chain === undefined) return addCovering(zone, wildcard, addCovering(zone, name, out))
  addEncloserProof(zone, chain, name, encloser.name, out)
  addCoveringHash(zone, chain, wildcard, out)
  return out
}

/** A wildcard stands for the name: the name itself is not there (7.2.6). */
export const expanded = (zone: Zone, name: Name.Name, encloser: Node, most: number): Records => {
  const chain = nsec3Of(zone, most)
  if (chain === undefined) return addCovering(zone, name, [])
  return addCoveringHash(zone, chain, nextCloser(name, encloser.name), [])
}

/** A wildcard stands for the name and does not have the type (7.2.5). */
export const noDataAtWildcard = (
  zone: Zone,
  name: Name.Name,
  place: { readonly node: Node; readonly encloser: Node },
  most: number,
  out: Records
): Records => {
  const chain = nsec3Of(zone, most)
  if (chain === undefined) {
    addCovering(zone, name, out)
    return place.node.sets.has(types.NSEC) ? addNsec(place.node, out) : addCovering(zone, place.node.name, out)
  }
  addEncloserProof(zone, chain, name, place.encloser.name, out)
  addMatching(zone, chain, place.node.name, out)
  return out
}

interface Chain {
  readonly salt: Uint8Array
  readonly iterations: number
}

/** The parameters of the zone's NSEC3 chain (RFC 5155 7.1), those of its first record; if it has one of no more iterations. */
const nsec3Of = (zone: Zone, most: number): Chain | undefined => {
  let chain = chains.get(zone)
  if (chain === undefined) chains.set(zone, (chain = chainOf(zone)))
  return chain !== "none" && chain.iterations <= most ? chain : undefined
}

const chainOf = (zone: Zone): Chain | "none" => {
  const first = zone.sortedHashes[0]
  const rdata = first === undefined ? undefined : zone.hashes.get(first)!.sets.get(types.NSEC3)?.rdatas[0]
  if (rdata === undefined) return "none"
  return { iterations: (rdata[2]! << 8) | rdata[3]!, salt: rdata.slice(5, 5 + rdata[4]!) }
}

const chains = new WeakMap<Zone, Chain | "none">()

const addNode = (node: Node, type: number, out: Records): Records => {
  const set = node.sets.get(type)
  if (set === undefined || out.includes(set.records[0]!)) return out
  out.push(...set.records, ...(node.signatures.get(type) ?? []))
  return out
}

const addNsec = (node: Node, out: Records): Records => addNode(node, types.NSEC, out)

/** The NSEC before a name in canonical order. */
const addCovering = (zone: Zone, name: Name.Name, out: Records): Records => {
  // Without this every name of a zone that is not signed would be looked at, for each question with DO.
  if (!zone.apex.sets.has(types.NSEC)) return out
  const nodes = zone.sorted
  let low = 0
  let high = nodes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Name.compare(nodes[middle]!.name, name) < 0) low = middle + 1
    else high = middle
  }
  // Glue and empty non-terminals have none: back to the last name that has.
  for (let i = low - 1; i >= 0; i--) if (nodes[i]!.sets.has(types.NSEC)) return addNsec(nodes[i]!, out)
  return out
}

const hashKey = (zone: Zone, chain: Chain, name: Name.Name): string => {
  const label = nsec3Hash.label(name, chain)
  return `${String.fromCharCode(label.length)}${label}${zone.originKey}`
}

const addMatching = (zone: Zone, chain: Chain, name: Name.Name, out: Records): boolean => {
  const node = zone.hashes.get(hashKey(zone, chain, name))
  if (node === undefined) return false
  addNode(node, types.NSEC3, out)
  return true
}

/** The NSEC3 whose interval has the hash of a name; the chain is a ring. */
const addCoveringHash = (zone: Zone, chain: Chain, name: Name.Name, out: Records): Records => {
  const keys = zone.sortedHashes
  const key = hashKey(zone, chain, name)
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  const before = keys[(low + keys.length - 1) % keys.length]
  return before === undefined ? out : addNode(zone.hashes.get(before)!, types.NSEC3, out)
}

/** Closest encloser proof (RFC 5155 7.2.1): the encloser is there, the next closer name is not. */
const addEncloserProof = (zone: Zone, chain: Chain, name: Name.Name, encloser: Name.Name, out: Records): Records => {
  addMatching(zone, chain, encloser, out)
  return addCoveringHash(zone, chain, nextCloser(name, encloser), out)
}

/** The closest ancestor that has an NSEC3: with opt-out not every existing name has one. */
const enclosedBy = (zone: Zone, chain: Chain, name: Name.Name): Name.Name => {
  let above = Name.parent(name)
  while (above.octets.length > zone.origin.octets.length && !zone.hashes.has(hashKey(zone, chain, above))) {
    above = Name.parent(above)
  }
  return above
}

/** The name that is one label longer than `encloser` on the way to `name`. */
const nextCloser = (name: Name.Name, encloser: Name.Name): Name.Name => {
  let at = 0
  const octets = name.octets
  while (octets.length - at - octets[at]! - 1 > encloser.octets.length) at += octets[at]! + 1
  return at === 0 ? name : Name.fromOctets(octets.subarray(at))
}

const star = Uint8Array.of(0x2a)

const childOf = (name: Name.Name, label: Uint8Array): Name.Name => {
  const octets = new Uint8Array(name.octets.length + label.length + 1)
  octets[0] = label.length
  octets.set(label, 1)
  octets.set(name.octets, label.length + 1)
  return octets.length > 255 ? name : Name.fromOctets(octets)
}
