/**
 * Edits of a zone as one step: all of them or none, giving a new version and what changed.
 *
 * A version shares every untouched node with the one before it. Making one copies the map of names, which is about 50 ns
 * a name: many edits belong in one transaction.
 */
import { Name, ResourceRecord } from "../wire/index.ts"
import { canonicalRdata, compareOctets, keyOf, parentKey } from "./canonical.ts"
import * as Diff from "./Diff.ts"
import * as RRset from "./RRset.ts"
import * as Serial from "./Serial.ts"
import * as types from "./types.ts"
import * as Zone from "./Zone.ts"
import { ZoneError } from "./ZoneError.ts"

/** Changes of a zone that become visible all at once. */
export class Transaction {
  readonly base: Zone.Zone
  private readonly touched = new Map<string, Array<ResourceRecord.ResourceRecord>>()

  constructor(base: Zone.Zone) {
    this.base = base
  }

  /** The records at a name as they are now in this transaction. */
  at(name: Name.Name): ReadonlyArray<ResourceRecord.ResourceRecord> {
    const key = keyOf(name)
    return this.touched.get(key) ?? recordsAt(this.base, key)
  }

  /** Adds a record; one with the same rdata is replaced, so this also changes a TTL. */
  add(record: ResourceRecord.ResourceRecord): this {
    if (!Name.isSubdomainOf(record.name, this.base.origin)) {
      throw new ZoneError("OutOfZone", `${Name.toText(record.name)} is not in ${Name.toText(this.base.origin)}`, {
        owner: Name.toText(record.name)
      })
    }
    const list = this.edit(record.name)
    const type = RRset.typeOf(record)
    const at = list.findIndex((other) => same(other, record, type))
    if (at >= 0) list[at] = record
    else list.push(record)
    return this
  }

  /** Removes the record with this rdata; whether there was one. */
  remove(record: ResourceRecord.ResourceRecord): boolean {
    const list = this.edit(record.name)
    const type = RRset.typeOf(record)
    const at = list.findIndex((other) => same(other, record, type))
    if (at >= 0) list.splice(at, 1)
    return at >= 0
  }

  /** Removes all records of a name, or of one type there (a code); how many. */
  removeAll(name: Name.Name, type?: number): number {
    const list = this.edit(name)
    const before = list.length
    const kept = type === undefined ? [] : list.filter((record) => RRset.typeOf(record) !== type)
    list.splice(0, before, ...kept)
    return before - kept.length
  }

  /** Sets the SOA's serial. */
  setSerial(serial: number): this {
    const soa = this.at(this.base.origin).find((record) => record.type === "SOA")
    if (soa === undefined) throw new ZoneError("NoSoa", `no SOA at ${Name.toText(this.base.origin)}`)
    this.removeAll(this.base.origin, types.SOA)
    return this.add({ ...plain(soa), data: { ...soa.data, serial } } as ResourceRecord.ResourceRecord)
  }

  /**
   * The version with these edits and the difference. When something changed and the serial did not, it is increased by
   * one. Throws `ZoneError` when that is no zone, or its serial is not after the old one.
   */
  commit(): { readonly zone: Zone.Zone; readonly diff: Diff.Diff } {
    let { removed, added } = this.changes()
    if (removed.length + added.length > 0 && this.currentSerial() === this.base.serial) {
      this.setSerial(Serial.next(this.base.serial))
      ;({ removed, added } = this.changes())
    }
    const nodes = new Map(this.base.nodes)
    const hashes = new Map(this.base.hashes)
    for (const [key, records] of this.touched) {
      const inZone = records.filter((record) => !isHash(record))
      const hashed = records.filter(isHash)
      if (inZone.length > 0) nodes.set(key, Zone.nodeOf(inZone))
      else if (nodes.has(key)) nodes.set(key, Zone.emptyNode(nodes.get(key)!.name))
      if (hashed.length > 0) hashes.set(key, Zone.nodeOf(hashed))
      else hashes.delete(key)
    }
    prune(nodes, this.touched.keys(), this.base.originKey)
    const zone = this.base.derive(nodes, hashes, withAncestors(this.touched.keys(), this.base.originKey))
    if (removed.length + added.length > 0 && !Serial.isAfter(zone.serial, this.base.serial)) {
      throw new ZoneError("Serial", `serial ${zone.serial} is not after ${this.base.serial}`)
    }
    return { zone, diff: { from: this.base.serial, to: zone.serial, removed, added } }
  }

  private changes() {
    const removed: Array<ResourceRecord.ResourceRecord> = []
    const added: Array<ResourceRecord.ResourceRecord> = []
    for (const [key, records] of this.touched) {
      const difference = Diff.ofRecords(recordsAt(this.base, key), records)
      removed.push(...difference.removed)
      added.push(...difference.added)
    }
    return { removed, added }
  }

  private currentSerial(): number | undefined {
    const soa = this.at(this.base.origin).find((record) => record.type === "SOA")
    return soa?.data.serial
  }

  private edit(name: Name.Name): Array<ResourceRecord.ResourceRecord> {
    const key = keyOf(name)
    let list = this.touched.get(key)
    if (list === undefined) this.touched.set(key, (list = recordsAt(this.base, key).slice()))
    return list
  }
}

/** Edits a zone in one transaction; throws what `commit` throws, and then the zone is as it was. */
export const edit = (
  zone: Zone.Zone,
  change: (transaction: Transaction) => void
): { readonly zone: Zone.Zone; readonly diff: Diff.Diff } => {
  const transaction = new Transaction(zone)
  change(transaction)
  return transaction.commit()
}

/** Applies a difference; throws `ZoneError` when it does not start at this version or removes what is not there. */
export const applyDiff = (zone: Zone.Zone, diff: Diff.Diff): Zone.Zone => {
  if (zone.serial !== diff.from)
    throw new ZoneError("Serial", `the zone is at ${zone.serial}, the change at ${diff.from}`)
  const transaction = new Transaction(zone)
  for (const record of diff.removed) {
    if (!transaction.remove(record)) {
      throw new ZoneError("Missing", `${Name.toText(record.name)} ${record.type} is not there to be removed`, {
        owner: Name.toText(record.name)
      })
    }
  }
  for (const record of diff.added) transaction.add(record)
  return transaction.commit().zone
}

const recordsAt = (zone: Zone.Zone, key: string): Array<ResourceRecord.ResourceRecord> => [
  ...(zone.nodes.get(key)?.records() ?? []),
  ...(zone.hashes.get(key)?.records() ?? [])
]

const isHash = (record: ResourceRecord.ResourceRecord): boolean => {
  const type = RRset.typeOf(record)
  return type === types.NSEC3 || (type === types.RRSIG && Zone.coveredBy(record) === types.NSEC3)
}

const plain = (record: ResourceRecord.ResourceRecord) => RRset.withName(record, record.name)

const same = (a: ResourceRecord.ResourceRecord, b: ResourceRecord.ResourceRecord, type: number): boolean =>
  RRset.typeOf(a) === type &&
  compareOctets(
    canonicalRdata(type, ResourceRecord.dataOctets(a)),
    canonicalRdata(type, ResourceRecord.dataOctets(b))
  ) === 0

/** Keys and those of the names above them, which come and go with them when they are empty. */
const withAncestors = (keys: Iterable<string>, originKey: string): ReadonlySet<string> => {
  const all = new Set<string>()
  for (const key of keys) {
    for (let at = key; at.length >= originKey.length && !all.has(at); at = parentKey(at)) {
      all.add(at)
      if (at.length === 1) break
    }
  }
  return all
}

/** Adds the empty non-terminals that are needed and drops those that are not. */
const prune = (nodes: Map<string, Zone.Node>, touched: Iterable<string>, originKey: string): void => {
  const emptied: Array<string> = []
  for (const key of touched) {
    const node = nodes.get(key)
    if (node === undefined) continue
    if (node.isEmpty) emptied.push(key)
    else Zone.addEmptyAncestors(nodes, key, originKey.length)
  }
  if (emptied.length === 0) return
  const children = new Map<string, number>()
  for (const key of nodes.keys()) {
    const above = parentKey(key)
    if (above !== key) children.set(above, (children.get(above) ?? 0) + 1)
  }
  for (let key of emptied) {
    while (key.length > originKey.length && nodes.get(key)?.isEmpty === true && (children.get(key) ?? 0) === 0) {
      nodes.delete(key)
      key = parentKey(key)
      children.set(key, children.get(key)! - 1)
    }
  }
}
