/**
 * One version of a zone, in memory: immutable, made from records or text, edited by `Transaction`.
 *
 * `nodes` has every name at or below the origin that exists, with the empty non-terminals between them (RFC 4592 2.2.2),
 * so a name exists exactly when it is a key. NSEC3 records live apart in `hashes`: their owners are not names of the zone
 * (RFC 5155 7.2.8).
 */
import type { Class } from "../wire/index.ts"
import { Name, ResourceRecord } from "../wire/index.ts"
import { keyOf, nameOfKey, parentKey } from "./canonical.ts"
export { keyOf } from "./canonical.ts"
import * as RRset from "./RRset.ts"
import * as types from "./types.ts"
import { ZoneError } from "./ZoneError.ts"

/** A name of the zone and its sets. */
export class Node {
  readonly name: Name.Name
  /** By type code; RRSIGs are in `signatures`. Empty for an empty non-terminal. */
  readonly sets: ReadonlyMap<number, RRset.RRset>
  /** RRSIG records by the code of the type that they cover. */
  readonly signatures: ReadonlyMap<number, ReadonlyArray<ResourceRecord.ResourceRecord>>

  constructor(
    name: Name.Name,
    sets: ReadonlyMap<number, RRset.RRset>,
    signatures: ReadonlyMap<number, ReadonlyArray<ResourceRecord.ResourceRecord>>
  ) {
    this.name = name
    this.sets = sets
    this.signatures = signatures
  }

  get isEmpty(): boolean {
    return this.sets.size === 0 && this.signatures.size === 0
  }

  /** Every record at this name. */
  *records(): Generator<ResourceRecord.ResourceRecord> {
    for (const set of this.sets.values()) yield* set.records
    for (const records of this.signatures.values()) yield* records
  }
}

export class Zone {
  readonly origin: Name.Name
  readonly originKey: string
  readonly class: Class.Class
  /** By the key of `canonical.ts`. */
  readonly nodes: ReadonlyMap<string, Node>
  /** Owners of NSEC3 records, by key. */
  readonly hashes: ReadonlyMap<string, Node>
  readonly apex: Node
  readonly soa: RRset.RRset
  private order: ReadonlyArray<Node> | undefined = undefined
  private hashOrder: ReadonlyArray<string> | undefined = undefined

  /** Use `make`. */
  constructor(origin: Name.Name, nodes: ReadonlyMap<string, Node>, hashes: ReadonlyMap<string, Node>) {
    this.origin = origin
    this.originKey = keyOf(origin)
    this.nodes = nodes
    this.hashes = hashes
    const apex = nodes.get(this.originKey)
    const soa = apex?.sets.get(types.SOA)
    if (apex === undefined || soa === undefined) {
      throw new ZoneError("NoSoa", `no SOA at ${Name.toText(origin)}`, { owner: Name.toText(origin) })
    }
    if (soa.records.length > 1) {
      throw new ZoneError("ManySoa", `${soa.records.length} SOA records at ${Name.toText(origin)}`, {
        owner: Name.toText(origin)
      })
    }
    this.apex = apex
    this.soa = soa
    this.class = soa.class
  }

  get serial(): number {
    return soaData(this.soa).serial
  }

  /** Seconds a negative answer may be kept: the lower of the SOA's TTL and its `minimum` (RFC 2308 5). */
  get negativeTtl(): number {
    return Math.min(this.soa.ttl, soaData(this.soa).minimum)
  }

  /** Nodes in canonical order (RFC 4034 6.1), the apex first; sorted once per version. */
  get sorted(): ReadonlyArray<Node> {
    return (this.order ??= sortNodes(this.nodes))
  }

  /**
   * A version made of this one, in which the nodes of no other keys differ. The order of names comes along, so that it is not sorted
   * anew. @internal
   */
  derive(nodes: ReadonlyMap<string, Node>, hashes: ReadonlyMap<string, Node>, keys: ReadonlySet<string>): Zone {
    const zone = new Zone(this.origin, nodes, hashes)
    if (this.order !== undefined) zone.order = reordered(this.order, nodes, keys)
    if (this.hashOrder !== undefined) zone.hashOrder = reorderedKeys(this.hashOrder, hashes, keys)
    changes.set(zone, { base: new WeakRef(this), keys })
    return zone
  }

  /** Keys of `hashes` in hash order, which is that of their keys since all hashes are of one length. */
  get sortedHashes(): ReadonlyArray<string> {
    return (this.hashOrder ??= Array.from(this.hashes.keys()).toSorted())
  }

  /** Every record: the SOA first, then names in canonical order, then NSEC3 records. */
  *records(): Generator<ResourceRecord.ResourceRecord> {
    yield this.soa.records[0]!
    for (const node of this.sorted) {
      for (const record of node.records()) if (record !== this.soa.records[0]) yield record
    }
    for (const key of this.sortedHashes) yield* this.hashes.get(key)!.records()
  }
}

/** The fields of an SOA record. */
export interface SoaData {
  readonly primary: Name.Name
  readonly admin: Name.Name
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  readonly minimum: number
}

/** The fields of the zone's SOA record. */
export const soaData = (soa: RRset.RRset): SoaData => (soa.records[0] as ResourceRecord.Of<"SOA">).data

/** A zone of these records. Throws `ZoneError`; the origin is that of the SOA unless given. */
export const make = (
  records: Iterable<ResourceRecord.ResourceRecord>,
  options: { readonly origin?: Name.Name | string } = {}
): Zone => {
  const list = Array.isArray(records) ? (records as Array<ResourceRecord.ResourceRecord>) : Array.from(records)
  const origin =
    options.origin === undefined
      ? list.find((record) => record.type === "SOA")?.name
      : typeof options.origin === "string"
        ? Name.fromText(options.origin)
        : options.origin
  if (origin === undefined) throw new ZoneError("NoSoa", "no SOA among the records")
  const cls = list.find((record) => record.type === "SOA")?.class ?? "IN"
  const byOwner = new Map<string, Array<ResourceRecord.ResourceRecord>>()
  const byHash = new Map<string, Array<ResourceRecord.ResourceRecord>>()
  const later: Array<ResourceRecord.ResourceRecord> = []
  for (const record of list) {
    if (!Name.isSubdomainOf(record.name, origin)) {
      throw new ZoneError("OutOfZone", `${Name.toText(record.name)} is not in ${Name.toText(origin)}`, {
        owner: Name.toText(record.name)
      })
    }
    if (record.class !== cls) {
      throw new ZoneError("WrongClass", `${record.class} in a zone of ${cls}`, { owner: Name.toText(record.name) })
    }
    const type = RRset.typeOf(record)
    if (type === types.RRSIG) later.push(record)
    else add(type === types.NSEC3 ? byHash : byOwner, record)
  }
  // A signature goes where what it covers is.
  for (const record of later) add(coveredBy(record) === types.NSEC3 ? byHash : byOwner, record)
  const nodes = new Map<string, Node>()
  for (const [key, owned] of byOwner) nodes.set(key, nodeOf(owned))
  for (const key of byOwner.keys()) addEmptyAncestors(nodes, key, origin.octets.length)
  const hashes = new Map<string, Node>()
  for (const [key, owned] of byHash) hashes.set(key, nodeOf(owned))
  return new Zone(origin, nodes, hashes)
}

const add = (map: Map<string, Array<ResourceRecord.ResourceRecord>>, record: ResourceRecord.ResourceRecord): void => {
  const key = keyOf(record.name)
  const list = map.get(key)
  if (list === undefined) map.set(key, [record])
  else list.push(record)
}

/** @internal */
export const addEmptyAncestors = (nodes: Map<string, Node>, key: string, originLength: number): void => {
  for (let above = parentKey(key); above.length >= originLength; above = parentKey(above)) {
    if (nodes.has(above)) return
    nodes.set(above, emptyNode(nameOfKey(above)))
    if (above.length === 1) return
  }
}

/** A name without sets: an empty non-terminal. */
export const emptyNode = (name: Name.Name): Node => new Node(name, new Map(), new Map())

/** The node of records that have one owner. Throws `ZoneError` for what may not stand at one name. */
export const nodeOf = (records: ReadonlyArray<ResourceRecord.ResourceRecord>): Node => {
  const name = records[0]!.name
  const byType = new Map<number, Array<ResourceRecord.ResourceRecord>>()
  const signatures = new Map<number, Array<ResourceRecord.ResourceRecord>>()
  for (const record of records) {
    const type = RRset.typeOf(record)
    const [map, key] = type === types.RRSIG ? ([signatures, coveredBy(record)] as const) : ([byType, type] as const)
    const list = map.get(key)
    if (list === undefined) map.set(key, [record])
    else list.push(record)
  }
  const sets = new Map<number, RRset.RRset>()
  for (const [type, list] of byType) sets.set(type, RRset.make(list))
  const cname = sets.get(types.CNAME)
  const owner = Name.toText(name)
  if (cname !== undefined) {
    if (cname.records.length > 1) throw new ZoneError("CnameAndOther", `two CNAMEs at ${Name.toText(name)}`, { owner })
    for (const type of sets.keys()) {
      // NSEC may stand beside a CNAME, and KEY for old updates (RFC 4035 2.5).
      if (type !== types.CNAME && type !== types.NSEC && type !== 25) {
        throw new ZoneError("CnameAndOther", `CNAME and other data at ${Name.toText(name)}`, { owner })
      }
    }
  }
  if ((sets.get(types.DNAME)?.records.length ?? 0) > 1)
    throw new ZoneError("ManyDname", `two DNAMEs at ${Name.toText(name)}`, { owner })
  return new Node(name, sets, signatures)
}

/** The code of the type that an RRSIG covers. */
export const coveredBy = (record: ResourceRecord.ResourceRecord): number => {
  const octets = (record.data as { readonly octets?: Uint8Array }).octets ?? ResourceRecord.dataOctets(record)
  return (octets[0]! << 8) | octets[1]!
}

const changes = new WeakMap<Zone, { readonly base: WeakRef<Zone>; readonly keys: ReadonlySet<string> }>()

/** The keys of which alone the nodes may differ from those of the version that a zone was made of; undefined when not known. @internal */
export const keysChanged = (zone: Zone, base: Zone): ReadonlySet<string> | undefined => {
  const found = changes.get(zone)
  return found?.base.deref() === base ? found.keys : undefined
}

/** Where a name is in canonical order, or would be. @internal */
export const placeOf = (order: ReadonlyArray<Node>, name: Name.Name): number => {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (Name.compare(order[middle]!.name, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** An order with the nodes of some keys as they are now. */
const reordered = (
  order: ReadonlyArray<Node>,
  nodes: ReadonlyMap<string, Node>,
  keys: ReadonlySet<string>
): ReadonlyArray<Node> => {
  const names = Array.from(keys, nameOfKey).toSorted(Name.compare)
  const out: Array<Node> = []
  let from = 0
  for (const name of names) {
    const at = placeOf(order, name)
    for (; from < at; from++) out.push(order[from]!)
    if (at < order.length && Name.equals(order[at]!.name, name)) from = at + 1
    const node = nodes.get(keyOf(name))
    if (node !== undefined) out.push(node)
  }
  for (; from < order.length; from++) out.push(order[from]!)
  return out
}

const reorderedKeys = (
  order: ReadonlyArray<string>,
  nodes: ReadonlyMap<string, Node>,
  keys: ReadonlySet<string>
): ReadonlyArray<string> => {
  const now = Array.from(keys)
    .filter((key) => nodes.has(key))
    .toSorted()
  const out: Array<string> = []
  let from = 0
  for (const key of order) {
    while (from < now.length && now[from]! <= key) out.push(now[from++]!)
    if (!keys.has(key)) out.push(key)
  }
  return from === now.length ? out : [...out, ...now.slice(from)]
}

const sortNodes = (nodes: ReadonlyMap<string, Node>): ReadonlyArray<Node> =>
  Array.from(nodes.values()).toSorted((a, b) => Name.compare(a.name, b.name))
