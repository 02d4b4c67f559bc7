/**
 * What a zone says to a question: the algorithm of RFC 1034 4.3.2 as RFC 4035 3.1, 4592, 5155 7.2 and 6672 complete it.
 * A pure function of the zone and the question.
 */
import type { Question } from "../wire/index.ts"
import { Name, Rcode, ResourceRecord } from "../wire/index.ts"
import { canonicalRdata, nameEnd } from "../zone/canonical.ts"
import { addressesOf, find, isBelowCut, type Place } from "../zone/find.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import type { Node, Zone } from "../zone/Zone.ts"
import * as denial from "./denial.ts"
import * as limits from "./limits.ts"

export interface Answer {
  rcode: number
  authoritative: boolean
  readonly answers: Array<ResourceRecord.ResourceRecord>
  readonly authorities: Array<ResourceRecord.ResourceRecord>
  readonly additionals: Array<ResourceRecord.ResourceRecord>
  /** How many of the first `additionals` are glue without which a referral leads nowhere (RFC 9471). */
  requiredGlue: number
}

/** What the query asked for beside its question: size, DNSSEC, cookie. */
export interface Wishes {
  /** DO: signatures and denials are wanted. */
  readonly dnssecOk: boolean
  /** Whether ANY gets one set only (RFC 8482): so over UDP, where the address may be forged. */
  readonly minimalAny: boolean
  /** Further iterations of NSEC3 up to which denials are made; see `limits`. */
  readonly nsec3Iterations?: number | undefined
}

const mostOf = (wishes: Wishes): number => wishes.nsec3Iterations ?? limits.nsec3Iterations.default

/** Answers a question about a name that is in the zone. */
export const answer = (zone: Zone, question: Question.Question, wishes: Wishes): Answer => {
  const result: Answer = {
    rcode: Rcode.NOERROR,
    authoritative: true,
    answers: [],
    authorities: [],
    additionals: [],
    requiredGlue: 0
  }
  const type = RRset.codeOf(question.type)
  let name = question.name
  const seen = new Set([Name.key(name)])
  for (let step = 0; step < limits.aliases; step++) {
    const place = find(zone, name, type)
    const next = take(zone, place, name, type, wishes, result, step > 0)
    if (next === undefined) return result
    // An alias: on with its target while that is ours (RFC 1034 4.3.2 3a); a loop ends where it closes.
    if (!Name.isSubdomainOf(next, zone.origin) || seen.has(Name.key(next))) return result
    seen.add(Name.key(next))
    name = next
  }
  return result
}

/** Adds what one place has to say; returns the target when it is an alias that is to be followed. */
const take = (
  zone: Zone,
  place: Place,
  name: Name.Name,
  type: number,
  wishes: Wishes,
  result: Answer,
  followed: boolean
): Name.Name | undefined => {
  switch (place.kind) {
    case "delegation":
      // After an alias the answer section is ours, so AA stays (RFC 1034 4.3.1 speaks of the first name).
      if (!followed) result.authoritative = false
      return refer(zone, place.node, wishes, result)
    case "dname":
      return takeDname(place.node, name, wishes, result)
    case "nothing":
      result.rcode = Rcode.NXDOMAIN
      return deny(zone, wishes, result, (dnssec) => denial.noName(zone, name, place.encloser, mostOf(wishes), dnssec))
    case "node":
    case "wildcard":
      return takeNode(zone, place, name, type, wishes, result)
  }
}

const takeNode = (
  zone: Zone,
  place: Extract<Place, { kind: "node" | "wildcard" }>,
  name: Name.Name,
  type: number,
  wishes: Wishes,
  result: Answer
): Name.Name | undefined => {
  const { node } = place
  const expanded = place.kind === "wildcard"
  const proveExpansion = () => {
    if (expanded && wishes.dnssecOk)
      result.authorities.push(...denial.expanded(zone, name, place.encloser, mostOf(wishes)))
  }
  const cname = node.sets.get(types.CNAME)
  if (
    cname !== undefined &&
    type !== types.CNAME &&
    type !== types.ANY &&
    type !== types.NSEC &&
    type !== types.RRSIG
  ) {
    push(result.answers, node, cname, expanded ? name : undefined, wishes)
    proveExpansion()
    return (cname.records[0] as ResourceRecord.Of<"CNAME">).data.target
  }
  const sets = setsFor(node, type, wishes)
  if (sets.length === 0) {
    return deny(zone, wishes, result, (out) =>
      place.kind === "wildcard"
        ? denial.noDataAtWildcard(zone, name, place, mostOf(wishes), out)
        : denial.noData(zone, node, type, mostOf(wishes), out)
    )
  }
  for (const set of sets) {
    push(result.answers, node, set, expanded ? name : undefined, wishes)
    addTargets(zone, set, wishes, result)
  }
  proveExpansion()
  return undefined
}

/** The sets that answer a type; ANY gives one of them when that is to be minimal (RFC 8482 4.1). */
const setsFor = (node: Node, type: number, wishes: Wishes): ReadonlyArray<RRset.RRset> => {
  if (type === types.RRSIG) {
    const signatures = Array.from(node.signatures.values())
    return (wishes.minimalAny ? signatures.slice(0, 1) : signatures).map(RRset.make)
  }
  if (type !== types.ANY) {
    const set = node.sets.get(type)
    return set === undefined ? [] : [set]
  }
  const sets = Array.from(node.sets.values())
  return wishes.minimalAny ? sets.slice(0, 1) : sets
}

/** The DNAME, and the CNAME made of it (RFC 6672 3.1); YXDOMAIN when the target is too long. */
const takeDname = (node: Node, name: Name.Name, wishes: Wishes, result: Answer): Name.Name | undefined => {
  const set = node.sets.get(types.DNAME)!
  push(result.answers, node, set, undefined, wishes)
  const target = synthesize(name, node.name, Name.fromOctets(set.rdatas[0]!))
  if (target === undefined) {
    result.rcode = Rcode.YXDOMAIN
    return undefined
  }
  result.answers.push(ResourceRecord.make({ name, type: "CNAME", class: set.class, ttl: set.ttl, data: { target } }))
  return target
}

/** The name with `owner` at its end replaced by `target`; undefined when that is over 255 octets. */
const synthesize = (name: Name.Name, owner: Name.Name, target: Name.Name): Name.Name | undefined => {
  const head = name.octets.length - owner.octets.length
  if (head + target.octets.length > 255) return undefined
  const octets = new Uint8Array(head + target.octets.length)
  octets.set(name.octets.subarray(0, head))
  octets.set(target.octets, head)
  return Name.fromOctets(octets)
}

const refer = (zone: Zone, cut: Node, wishes: Wishes, result: Answer): undefined => {
  const servers = cut.sets.get(types.NS)!
  result.authorities.push(...servers.records)
  if (wishes.dnssecOk) {
    const ds = cut.sets.get(types.DS)
    if (ds !== undefined) push(result.authorities, cut, ds, undefined, wishes)
    else result.authorities.push(...denial.noData(zone, cut, types.DS, mostOf(wishes), []))
  }
  // Glue under the cut first: without it nobody gets there (RFC 9471 3.1); then siblings'.
  const below: Array<ResourceRecord.ResourceRecord> = []
  const beside: Array<ResourceRecord.ResourceRecord> = []
  for (const record of servers.records) {
    const target = (record as ResourceRecord.Of<"NS">).data.host
    if (!Name.isSubdomainOf(target, zone.origin)) continue
    const node = addressesOf(zone, target)
    if (node === undefined) continue
    const list = Name.isSubdomainOf(target, cut.name) ? below : beside
    list.push(...(node.sets.get(types.A)?.records ?? []), ...(node.sets.get(types.AAAA)?.records ?? []))
  }
  result.requiredGlue = below.length
  result.additionals.push(...below, ...beside)
}

const deny = (
  zone: Zone,
  wishes: Wishes,
  result: Answer,
  prove: (out: Array<ResourceRecord.ResourceRecord>) => Array<ResourceRecord.ResourceRecord>
): undefined => {
  const ttl = zone.negativeTtl
  result.authorities.push(RRset.withTtl(zone.soa.records[0]!, ttl))
  if (!wishes.dnssecOk) return undefined
  result.authorities.push(...(zone.apex.signatures.get(types.SOA) ?? []).map((record) => RRset.withTtl(record, ttl)))
  const proof: Array<ResourceRecord.ResourceRecord> = []
  prove(proof)
  result.authorities.push(...proof)
}

const push = (
  section: Array<ResourceRecord.ResourceRecord>,
  node: Node,
  set: RRset.RRset,
  expandedTo: Name.Name | undefined,
  wishes: Wishes
): void => {
  const signatures = wishes.dnssecOk ? (node.signatures.get(set.type) ?? []) : []
  for (const record of set.records) section.push(expandedTo === undefined ? record : RRset.withName(record, expandedTo))
  for (const record of signatures) section.push(expandedTo === undefined ? record : RRset.withName(record, expandedTo))
}

/** Where the target's name starts in the rdata of the types whose targets' addresses go along (RFC 1035 3.3.9, 2782, 9460). */
const targetAt = new Map<number, number>([
  [types.NS, 0],
  [types.MX, 2],
  [types.SRV, 6],
  [types.SVCB, 2],
  [types.HTTPS, 2]
])

const addTargets = (zone: Zone, set: RRset.RRset, wishes: Wishes, result: Answer): void => {
  const at = targetAt.get(set.type)
  if (at === undefined) return
  for (const record of set.records) {
    const rdata = canonicalRdata(set.type, ResourceRecord.dataOctets(record))
    const target = Name.fromOctets(rdata.subarray(at, nameEnd(rdata, at)))
    if (!Name.isSubdomainOf(target, zone.origin) || isBelowCut(zone, target)) continue
    const node = addressesOf(zone, target)
    if (node === undefined || result.additionals.length > limits.additionals) continue
    for (const type of [types.A, types.AAAA]) {
      const addresses = node.sets.get(type)
      if (addresses !== undefined) push(result.additionals, node, addresses, undefined, wishes)
    }
  }
}
