/**
 * Signs what a change touched, and nothing else. What a name's signatures and denial depend on is the name, the one before it in the
 * order that denials go by, and the one after it: the zone of just those, the names above them and the changed ones is signed as any
 * zone is, and what comes of it takes its place in the version before.
 *
 * Names that are in the small zone beside those that are needed do no harm: each is one of the order.
 */
import { Name } from "../wire/index.ts"
import { nameOfKey, parentKey } from "../zone/canonical.ts"
import * as types from "../zone/types.ts"
import * as Zone from "../zone/Zone.ts"
import { type Hashed, hashedOf, hashIn, type Options, signSync } from "./sign.ts"

/**
 * As `signSync` of a zone that was made of `options.previous`, which must be signed with the same options; undefined when the whole
 * zone has to be looked at. `now` is in seconds since 1970.
 */
export const signChange = (
  changed: Zone.Zone,
  options: Options & { readonly now: number; readonly previous: Zone.Zone }
): Zone.Zone | undefined => {
  const { previous } = options
  const touched = Zone.keysChanged(changed, previous)
  // A digest is of every name; what opt-out leaves out depends on all that is below; a denial's TTL is that of all denials.
  if (touched === undefined || options.zonemd === true || options.nsec3?.optOut === true) return undefined
  if (changed.negativeTtl !== previous.negativeTtl || changed.class !== previous.class) return undefined
  if (changed.apex.sets.has(types.DNAME) !== previous.apex.sets.has(types.DNAME)) return undefined
  for (const key of touched) if (previous.hashes.has(key) || changed.hashes.has(key)) return undefined
  const part = new Part(changed, previous, touched)
  const hashed = options.denial === "nsec3" ? hashedOf.get(previous) : undefined
  if (options.denial === "nsec3") {
    if (hashed === undefined) return undefined
    const ownerOf = (key: string) => hashIn(hashed, nameOfKey(key), changed.origin).ownerKey
    for (const key of part.affected) if (!part.addHashNeighbours(ownerOf(key), hashed.byOwner)) return undefined
  } else for (const key of part.affected) part.addNeighbours(key)
  const signed = signSync(part.zone(), options)
  const nodes = new Map(changed.nodes)
  const hashes = options.denial === "nsec3" ? new Map(previous.hashes) : previous.hashes
  const keys = new Set<string>()
  for (const key of part.kept) {
    keys.add(key)
    const node = signed.nodes.get(key)
    if (node === undefined) nodes.delete(key)
    else nodes.set(key, node)
    if (hashed === undefined) continue
    const { ownerKey } = hashIn(hashed, nameOfKey(key), changed.origin)
    keys.add(ownerKey)
    const denial = signed.hashes.get(ownerKey)
    if (denial === undefined) (hashes as Map<string, Zone.Node>).delete(ownerKey)
    else (hashes as Map<string, Zone.Node>).set(ownerKey, denial)
  }
  const zone = previous.derive(nodes, hashes, keys)
  if (hashed !== undefined) {
    hashedOf.set(zone, hashed)
    for (const key of part.kept) if (!nodes.has(key)) forgetHash(hashed, key)
  }
  return zone
}

/** The names that are looked at. */
class Part {
  /** Keys of names that may be signed otherwise than before: changed ones, and those that a change put below a cut or freed of it. */
  readonly affected = new Set<string>()
  /** Keys whose outcome counts: the affected and those before them. */
  readonly kept = new Set<string>()
  private readonly inZone = new Map<string, Zone.Node>()
  private readonly changed: Zone.Zone
  private readonly order: ReadonlyArray<Zone.Node>
  private readonly hashOrder: ReadonlyArray<string>

  constructor(changed: Zone.Zone, previous: Zone.Zone, touched: ReadonlySet<string>) {
    this.changed = changed
    this.order = changed.sorted
    this.hashOrder = previous.sortedHashes
    for (const key of [changed.originKey, ...touched]) {
      this.affect(key)
      if (key !== changed.originKey && hides(previous.nodes.get(key)) !== hides(changed.nodes.get(key))) {
        this.forEachBelow(nameOfKey(key), (node) => this.affect(Zone.keyOf(node.name)))
      }
    }
  }

  zone(): Zone.Zone {
    return new Zone.Zone(this.changed.origin, this.inZone, new Map())
  }

  /** The names before and after one in canonical order that have an NSEC; at an affected one that one's own go on. */
  addNeighbours(key: string): void {
    const { order } = this
    const at = Zone.placeOf(order, nameOfKey(key))
    const step = (from: number, by: 1 | -1) => {
      for (let i = from, left = order.length; left > 0; i += by, left--) {
        const node = order.at(i % order.length)!
        const other = Zone.keyOf(node.name)
        if (other === key) continue
        this.add(other)
        if (this.affected.has(other)) return
        if (!this.isDenied(node, other)) continue
        if (by < 0) this.kept.add(other)
        return
      }
    }
    step(at - 1, -1)
    step(at, 1)
  }

  /** The names before and after one in the order of hashes; false when the name of one is not known. */
  addHashNeighbours(owner: string, byOwner: ReadonlyMap<string, string>): boolean {
    const { hashOrder } = this
    const at = lowerBound(hashOrder, owner)
    const step = (from: number, by: 1 | -1): boolean => {
      const found = hashOrder.at(from % hashOrder.length)!
      const other = byOwner.get(found)
      if (other === undefined) return false
      this.add(other)
      if (by < 0) this.kept.add(other)
      return true
    }
    // Its own hash is passed over.
    return step(at - 1, -1) && step(hashOrder[at] === owner ? at + 1 : at, 1)
  }

  private affect(key: string): void {
    this.affected.add(key)
    this.kept.add(key)
    this.add(key)
  }

  /** A name with all above it, and something below it where it is empty itself: that is why it is there. */
  private add(key: string): void {
    const { nodes, originKey } = this.changed
    for (let at = key; at.length >= originKey.length; at = parentKey(at)) {
      const node = nodes.get(at)
      if (node !== undefined) this.inZone.set(at, node)
      if (at.length === 1) break
    }
    const node = nodes.get(key)
    if (node === undefined || hasData(node)) return
    this.forEachBelow(node.name, (below) => {
      this.inZone.set(Zone.keyOf(below.name), below)
      return hasData(below)
    })
  }

  /** Names below one, in order, until told that it is enough. */
  private forEachBelow(name: Name.Name, visit: (node: Zone.Node) => unknown): void {
    for (let i = Zone.placeOf(this.order, name); i < this.order.length; i++) {
      const node = this.order[i]!
      if (Name.equals(node.name, name)) continue
      if (!Name.isSubdomainOf(node.name, name) || visit(node) === true) return
    }
  }

  /** Whether a name has an NSEC: it has records, and is not below a cut or DNAME. */
  private isDenied(node: Zone.Node, key: string): boolean {
    if (!hasData(node)) return false
    const { nodes, originKey } = this.changed
    for (let at = key; at.length > originKey.length;) {
      at = parentKey(at)
      const above = nodes.get(at)
      if (at === originKey ? above?.sets.has(types.DNAME) === true : hides(above)) return false
    }
    return true
  }
}

/** Whether what is below a name that is not the apex is not the zone's to sign. */
const hides = (node: Zone.Node | undefined): boolean =>
  node !== undefined && (node.sets.has(types.NS) || node.sets.has(types.DNAME))

const signersOwn = new Set([types.NSEC, types.NSEC3PARAM])

const hasData = (node: Zone.Node): boolean => {
  for (const type of node.sets.keys()) if (!signersOwn.has(type)) return true
  return false
}

const forgetHash = ({ byName, byOwner }: Hashed, key: string): void => {
  const hash = byName.get(key)
  if (hash === undefined) return
  byName.delete(key)
  byOwner.delete(hash.ownerKey)
}

const lowerBound = (keys: ReadonlyArray<string>, key: string): number => {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
