/** What NSEC records prove: RFC 4035 5.4, RFC 6840 4. The records were verified before; all are of one zone. */
import { Name } from "../wire/index.ts"
import { nameEnd } from "../zone/canonical.ts"
import * as types from "../zone/types.ts"
import * as typeBitmap from "./typeBitmap.ts"

export interface Nsec {
  readonly owner: Name.Name
  readonly next: Name.Name
  /** Whether the name has a type; of ANY, whether it has any. */
  readonly has: (type: number) => boolean
}

/** An NSEC record's data, read: of a copy, since it may be kept longer than the message that it came in. */
export const read = (owner: Name.Name, octets: Uint8Array): Nsec => {
  const rdata = Uint8Array.from(octets)
  const end = nameEnd(rdata, 0)
  return {
    owner,
    next: Name.fromOctets(rdata.subarray(0, end)),
    has: (type) => (type === types.ANY ? rdata.length > end : typeBitmap.has(rdata, end, type))
  }
}

/** Whether the name is strictly between owner and next; the last record of a zone leads back to the apex. */
export const covers = (nsec: Nsec, name: Name.Name, zone: Name.Name): boolean => {
  if (Name.compare(nsec.owner, name) >= 0) return false
  // Of a parent's record at a cut, or one at a DNAME, nothing can be had about names below (RFC 6840 4.1, 5.3.4 of 6672).
  if (Name.isSubdomainOf(name, nsec.owner) && ((nsec.has(types.NS) && !nsec.has(types.SOA)) || nsec.has(types.DNAME)))
    return false
  return Name.equals(nsec.next, zone) ? Name.isSubdomainOf(name, zone) : Name.compare(name, nsec.next) < 0
}

const covering = (nsecs: ReadonlyArray<Nsec>, name: Name.Name, zone: Name.Name): Nsec | undefined =>
  nsecs.find((nsec) => covers(nsec, name, zone))

const matching = (nsecs: ReadonlyArray<Nsec>, name: Name.Name): Nsec | undefined =>
  nsecs.find((nsec) => Name.equals(nsec.owner, name))

/** The closest ancestor of the name that exists, by the record that covers it. */
export const closestEncloser = (nsec: Nsec, name: Name.Name): Name.Name => {
  const a = common(name, nsec.owner)
  const b = common(name, nsec.next)
  return a.octets.length >= b.octets.length ? a : b
}

const common = (a: Name.Name, b: Name.Name): Name.Name => {
  let at = a
  while (!Name.isSubdomainOf(b, at)) at = Name.parent(at)
  return at
}

/** The wildcard that would answer for a name whose closest encloser is given. */
export const wildcardOf = (name: Name.Name): Name.Name =>
  name.octets.length > 253 ? name : Name.fromOctets(Uint8Array.of(1, 0x2a, ...name.octets))

/** That there is no such name, and no wildcard that stands for it. */
export const provesNoName = (nsecs: ReadonlyArray<Nsec>, name: Name.Name, zone: Name.Name): boolean => {
  const cover = covering(nsecs, name, zone)
  // A name below which another stands exists, if only as an empty non-terminal.
  if (cover === undefined || Name.isSubdomainOf(cover.next, name)) return false
  return covering(nsecs, wildcardOf(closestEncloser(cover, name)), zone) !== undefined
}

/** That the name, or the wildcard that stands for it, has no record of this type and no alias. */
export const provesNoData = (
  nsecs: ReadonlyArray<Nsec>,
  name: Name.Name,
  type: number,
  zone: Name.Name
): "proven" | "contradicted" | undefined => {
  const match = matching(nsecs, name)
  if (match !== undefined) return lacks(match, type, name) ? "proven" : "contradicted"
  const cover = covering(nsecs, name, zone)
  if (cover === undefined) return undefined
  if (Name.isSubdomainOf(cover.next, name)) return "proven"
  const wildcard = matching(nsecs, wildcardOf(closestEncloser(cover, name)))
  return wildcard === undefined ? undefined : lacks(wildcard, type, undefined) ? "proven" : "contradicted"
}

/**
 * Whether the record at a name says that it does not have the type: on the right side of a cut (RFC 6840 4.1, 4.4). The root has no
 * other side.
 */
export const lacks = (
  nsec: { readonly has: (type: number) => boolean },
  type: number,
  name: Name.Name | undefined
): boolean => {
  if (nsec.has(type) || nsec.has(types.CNAME)) return false
  if (type === types.DS) return !nsec.has(types.SOA) || (name !== undefined && Name.isRoot(name))
  return !(nsec.has(types.NS) && !nsec.has(types.SOA))
}

/** That nothing is closer to the name than the wildcard of `encloser`. */
export const provesNothingCloser = (
  nsecs: ReadonlyArray<Nsec>,
  name: Name.Name,
  encloser: Name.Name,
  zone: Name.Name
): boolean => {
  const cover = covering(nsecs, name, zone)
  return (
    cover !== undefined &&
    !Name.isSubdomainOf(cover.next, name) &&
    closestEncloser(cover, name).octets.length <= encloser.octets.length
  )
}
