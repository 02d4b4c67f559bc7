/**
 * What a dynamic update does to a zone: RFC 2136 3. All of it or nothing; a pure function of the zone and the message.
 */
import { type Message, Name, Rcode, ResourceRecord } from "../wire/index.ts"
import type { Diff } from "../zone/Diff.ts"
import { keyOf } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as Serial from "../zone/Serial.ts"
import { Transaction } from "../zone/Transaction.ts"
import * as types from "../zone/types.ts"
import type { Zone } from "../zone/Zone.ts"
import { ZoneError } from "../zone/ZoneError.ts"

type Record = ResourceRecord.ResourceRecord

/** What an update did, or which prerequisite did not hold. */
export interface Outcome {
  /** NOERROR, or why nothing was done. */
  readonly rcode: number
  /** The new version and what changed; undefined when nothing did. */
  readonly changed: { readonly zone: Zone; readonly diff: Diff } | undefined
}

/** Applies an update to a zone, if its prerequisites hold. */
export const apply = (zone: Zone, message: Message.Message): Outcome => {
  const asked = message.questions[0]
  if (message.questions.length !== 1 || asked === undefined || asked.type !== "SOA") return refused(Rcode.FORMERR)
  if (asked.class !== zone.class || keyOf(asked.name) !== zone.originKey) return refused(Rcode.NOTAUTH)
  const failed = checkPrerequisites(zone, message.answers) ?? checkUpdates(zone, message.authorities)
  if (failed !== undefined) return refused(failed)
  const transaction = new Transaction(zone)
  try {
    for (const record of message.authorities) update(zone, transaction, record)
    const { zone: next, diff } = transaction.commit()
    return {
      rcode: Rcode.NOERROR,
      changed: diff.removed.length + diff.added.length === 0 ? undefined : { zone: next, diff }
    }
  } catch (error) {
    if (error instanceof ZoneError) return refused(Rcode.REFUSED)
    throw error
  }
}

const refused = (rcode: number): Outcome => ({ rcode, changed: undefined })

const isEmpty = (record: Record): boolean => ResourceRecord.dataOctets(record).length === 0

/** RFC 2136 3.2: the rcode of the first that does not hold. */
const checkPrerequisites = (zone: Zone, prerequisites: ReadonlyArray<Record>): number | undefined => {
  const values: Array<Record> = []
  for (const record of prerequisites) {
    if (record.ttl !== 0) return Rcode.FORMERR
    if (!Name.isSubdomainOf(record.name, zone.origin)) return Rcode.NOTZONE
    const type = RRset.typeOf(record)
    const node = zone.nodes.get(keyOf(record.name))
    const inUse = node !== undefined && !node.isEmpty
    if (record.class === "ANY" || record.class === "NONE") {
      if (!isEmpty(record)) return Rcode.FORMERR
      const there = type === types.ANY ? inUse : node?.sets.has(type) === true
      if (record.class === "ANY" && !there) return type === types.ANY ? Rcode.NXDOMAIN : Rcode.NXRRSET
      if (record.class === "NONE" && there) return type === types.ANY ? Rcode.YXDOMAIN : Rcode.YXRRSET
    } else if (record.class === zone.class) values.push(record)
    else return Rcode.FORMERR
  }
  for (const set of RRset.group(values)) {
    const held = zone.nodes.get(keyOf(set.name))?.sets.get(set.type)
    if (held === undefined || !RRset.sameData(held, set)) return Rcode.NXRRSET
  }
  return undefined
}

const metaTypes = new Set([types.OPT, 128, types.TKEY, types.TSIG, types.IXFR, types.AXFR, 253, 254])

/** What signing makes, which in a signed zone is nobody else's to change (RFC 3007 3.1.2 and 3.1.3; BIND refuses it too). */
const signersTypes = new Set([types.RRSIG, types.NSEC, types.NSEC3])

/** RFC 2136 3.4.1. */
const checkUpdates = (zone: Zone, updates: ReadonlyArray<Record>): number | undefined => {
  const isSigned = zone.apex.signatures.has(types.SOA)
  for (const record of updates) {
    if (!Name.isSubdomainOf(record.name, zone.origin)) return Rcode.NOTZONE
    const type = RRset.typeOf(record)
    if (metaTypes.has(type)) return Rcode.FORMERR
    if (isSigned && signersTypes.has(type)) return Rcode.REFUSED
    if (record.class === zone.class) {
      if (type === types.ANY) return Rcode.FORMERR
    } else if (record.class === "ANY") {
      if (record.ttl !== 0 || !isEmpty(record)) return Rcode.FORMERR
    } else if (record.class === "NONE") {
      if (record.ttl !== 0 || type === types.ANY) return Rcode.FORMERR
    } else return Rcode.FORMERR
  }
  return undefined
}

/** RFC 2136 3.4.2: what would break the zone is passed over in silence, as told there. */
const update = (zone: Zone, transaction: Transaction, record: Record): void => {
  const type = RRset.typeOf(record)
  const atApex = Name.equals(record.name, zone.origin)
  const present = () => transaction.at(record.name)
  if (record.class === "ANY") {
    if (type !== types.ANY) {
      if (!(atApex && (type === types.SOA || type === types.NS))) transaction.removeAll(record.name, type)
      return
    }
    for (const there of new Set(present().map(RRset.typeOf))) {
      if (!(atApex && (there === types.SOA || there === types.NS))) transaction.removeAll(record.name, there)
    }
    return
  }
  if (record.class === "NONE") {
    if (type === types.SOA) return
    if (atApex && type === types.NS && present().filter((there) => there.type === "NS").length <= 1) return
    transaction.remove(inClass(record, zone))
    return
  }
  if (type === types.SOA) {
    const soa = present().find((there) => there.type === "SOA")
    const serial = (record as ResourceRecord.Of<"SOA">).data.serial
    if (!atApex || soa === undefined || !Serial.isAfter(serial, soa.data.serial)) return
    transaction.removeAll(record.name, types.SOA)
    transaction.add(record)
    return
  }
  const others = present().filter((there) => !besideCname.has(RRset.typeOf(there)))
  if (type === types.CNAME) {
    if (others.some((there) => there.type !== "CNAME")) return
    transaction.removeAll(record.name, types.CNAME)
  } else if (!besideCname.has(type) && others.some((there) => there.type === "CNAME")) return
  if (type === types.DNAME) transaction.removeAll(record.name, types.DNAME)
  // A set has one TTL (RFC 2181 5.2): that of the record that was added last, as BIND has it, whether it is more or less.
  if (type !== types.RRSIG) {
    for (const there of present().filter((other) => RRset.typeOf(other) === type && other.ttl !== record.ttl)) {
      transaction.add(RRset.withTtl(there, record.ttl))
    }
  }
  transaction.add(record)
}

const besideCname = new Set([types.NSEC, types.RRSIG, 25])

const inClass = (record: Record, zone: Zone): Record =>
  ({ name: record.name, type: record.type, class: zone.class, ttl: record.ttl, data: record.data }) as Record
