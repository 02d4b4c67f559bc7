/**
 * What was proven once answers later questions too (RFC 8198): a name between two neighbours of a signed zone is not there, and one
 * that a wildcard stands for has what the wildcard has, without asking. NSEC and NSEC3 alike; NSEC3 that opts out proves nothing
 * about other names, and chains of many iterations cost more than they save.
 */
import { Name, ResourceRecord } from "../wire/index.ts"
import { keyOf, parentKey } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import { Budget } from "./Budget.ts"
import * as limits from "./limits.ts"
import * as nsec from "./nsec.ts"
import * as nsec3 from "./nsec3.ts"
import { nsec3Hash } from "./nsec3Hash.ts"
import { ancestorOf } from "./verify.ts"

interface Kept<A> {
  readonly record: A
  /** Seconds since 1970. */
  readonly until: number
}

interface KeptZone {
  readonly zone: Name.Name
  /** In canonical order of their owners, each owner once. */
  readonly records: Array<Kept<nsec.Nsec>>
  /** In the order of their hashes, each once; all with the parameters of the first. */
  readonly hashed: Array<Kept<nsec3.Nsec3>>
  /** Sets of wildcards, by the key of the wildcard and the type's code. */
  readonly wildcards: Map<string, Kept<RRset.RRset>>
}

/** What proofs that were kept say of a name. */
export type Known =
  | { readonly kind: "noName" | "noData"; readonly ttl: number }
  /** What a wildcard that stands for the name has of the type. */
  | { readonly kind: "wildcard"; readonly ttl: number; readonly records: ReadonlyArray<ResourceRecord.ResourceRecord> }

export class AggressiveCache {
  /** The zone that was added to longest ago is the first. */
  private readonly zones = new Map<string, KeptZone>()
  private count = 0

  /** Denials and wildcards that are kept. */
  get size(): number {
    return this.count
  }

  /** Keeps verified records until then (seconds since 1970). */
  add(zone: Name.Name, records: ReadonlyArray<nsec.Nsec>, until: number, now: number): void {
    if (records.length === 0 || until <= now) return
    const { records: list } = this.at(zone)
    for (const record of records) {
      const at = lowerBound(list, (kept) => Name.compare(kept.owner, record.owner))
      const there = list[at]
      this.put(list, at, there !== undefined && Name.equals(there.record.owner, record.owner), { record, until })
    }
    this.shrink(now)
  }

  /** As `add`, of NSEC3. A chain with other parameters takes the place of the one there was. */
  addHashed(zone: Name.Name, records: ReadonlyArray<nsec3.Nsec3>, until: number, now: number): void {
    const usable = records.filter(({ optOut, iterations }) => !optOut && iterations <= limits.aggressiveIterations)
    if (usable.length === 0 || until <= now) return
    const { hashed } = this.at(zone)
    for (const record of usable) {
      if (hashed.length > 0 && !sameChain(hashed[0]!.record, record)) this.count -= hashed.splice(0).length
      const at = lowerBound(hashed, (kept) => Buffer.compare(kept.hash, record.hash))
      const there = hashed[at]
      const same = there !== undefined && Buffer.compare(there.record.hash, record.hash) === 0
      this.put(hashed, at, same, { record, until })
    }
    this.shrink(now)
  }

  /** Keeps a set that was verified to be a wildcard's, whatever name it was expanded to. `encloser` is the name below the `*`. */
  addExpansion(zone: Name.Name, encloser: Name.Name, set: RRset.RRset, until: number, now: number): void {
    let size = 0
    for (const rdata of set.rdatas) size += rdata.length
    if (until <= now || size > limits.aggressiveSetOctets) return
    // Copies, that do not hold on to the message that they came in.
    const records = set.records.map((record) =>
      RRset.recordOf({
        name: record.name,
        type: set.type,
        class: set.class,
        ttl: set.ttl,
        rdata: Uint8Array.from(ResourceRecord.dataOctets(record))
      })
    )
    const { wildcards } = this.at(zone)
    const key = wildcardKey(encloser, set.type)
    if (!wildcards.has(key)) this.count++
    wildcards.set(key, { record: RRset.make(records), until })
    this.shrink(now)
  }

  /** What is known about a name and type without asking; undefined when the question must be asked. */
  find(name: Name.Name, type: number, now: number): Known | undefined {
    if (this.count === 0) return undefined
    for (let key = keyOf(name); ; key = parentKey(key)) {
      const kept = this.zones.get(key)
      if (kept !== undefined) return findIn(kept, name, type, now) ?? findHashed(kept, name, type, now)
      if (key.length === 1) return undefined
    }
  }

  private at(zone: Name.Name): KeptZone {
    const key = keyOf(zone)
    const kept = this.zones.get(key) ?? { zone, records: [], hashed: [], wildcards: new Map() }
    this.zones.delete(key)
    this.zones.set(key, kept)
    return kept
  }

  private put<A>(list: Array<Kept<A>>, at: number, replaces: boolean, kept: Kept<A>): void {
    list.splice(at, replaces ? 1 : 0, kept)
    if (!replaces) this.count++
  }

  /** Down to the bound: what is over first, then the half of the zone that was added to longest ago. */
  private shrink(now: number): void {
    while (this.count > limits.aggressiveDenials) {
      const [key, kept] = this.zones.entries().next().value!
      const before = sizeOf(kept)
      const isLive = ({ until }: Kept<unknown>) => until > now
      const left: KeptZone = {
        zone: kept.zone,
        records: kept.records.filter(isLive),
        hashed: kept.hashed.filter(isLive),
        wildcards: new Map(Array.from(kept.wildcards).filter(([, wildcard]) => isLive(wildcard)))
      }
      const halved = sizeOf(left) < before ? left : halfOf(left)
      this.count -= before - sizeOf(halved)
      if (sizeOf(halved) === 0) this.zones.delete(key)
      else this.zones.set(key, halved)
    }
  }
}

const sizeOf = ({ records, hashed, wildcards }: KeptZone): number => records.length + hashed.length + wildcards.size

const halfOf = ({ zone, records, hashed, wildcards }: KeptZone): KeptZone => {
  const size = records.length + hashed.length + wildcards.size
  const half = <A>(list: ReadonlyArray<A>) => list.filter((_, i) => i % 2 === 0 && size > 1)
  return { zone, records: half(records), hashed: half(hashed), wildcards: new Map(half([...wildcards])) }
}

const wildcardKey = (encloser: Name.Name, type: number): string => `${keyOf(encloser)} ${type}`

const sameChain = (a: nsec3.Nsec3, b: nsec3.Nsec3): boolean =>
  a.iterations === b.iterations && Buffer.compare(a.salt, b.salt) === 0

const secondsLeft = (proof: ReadonlyArray<Kept<unknown>>, now: number): number =>
  Math.min(...proof.map(({ until }) => until - now))

const findIn = (kept: KeptZone, name: Name.Name, type: number, now: number): Known | undefined => {
  const near = neighbour(kept, name, now)
  if (near === undefined) return undefined
  const proof = [near]
  if (!Name.equals(near.record.owner, name) && !Name.isSubdomainOf(near.record.next, name)) {
    const encloser = nsec.closestEncloser(near.record, name)
    const positive = expansionOf(kept, encloser, name, type, proof, now)
    if (positive !== undefined) return positive
    const wildcard = neighbour(kept, nsec.wildcardOf(encloser), now)
    if (wildcard !== undefined) proof.push(wildcard)
  }
  const records = proof.map(({ record }) => record)
  const ttl = secondsLeft(proof, now)
  if (nsec.provesNoName(records, name, kept.zone)) return { kind: "noName", ttl }
  return nsec.provesNoData(records, name, type, kept.zone) === "proven" ? { kind: "noData", ttl } : undefined
}

/** What the wildcard of the encloser has, when that is kept; the proof is that nothing is closer to the name. */
const expansionOf = (
  kept: KeptZone,
  encloser: Name.Name,
  name: Name.Name,
  type: number,
  proof: ReadonlyArray<Kept<unknown>>,
  now: number
): Known | undefined => {
  const wildcard = kept.wildcards.get(wildcardKey(encloser, type))
  if (wildcard === undefined || wildcard.until <= now) return undefined
  const ttl = Math.min(wildcard.until - now, secondsLeft(proof, now))
  const records = wildcard.record.records.map((record) => RRset.withTtl(RRset.withName(record, name), ttl))
  return { kind: "wildcard", ttl, records }
}

const findHashed = (kept: KeptZone, name: Name.Name, type: number, now: number): Known | undefined => {
  const first = kept.hashed[0]
  if (first === undefined) return undefined
  const near = (of: Name.Name) => hashedNeighbour(kept.hashed, nsec3Hash.octets(of, first.record), now)
  const zoneLabels = Name.countLabels(kept.zone)
  // A wildcard shows that the name below its `*` is there, so it is enough that the next one on the way is not.
  for (let labels = Name.countLabels(name) - 1; labels >= zoneLabels; labels--) {
    const encloser = ancestorOf(name, labels)
    if (!kept.wildcards.has(wildcardKey(encloser, type))) continue
    const next = near(ancestorOf(name, labels + 1))
    const positive =
      next === undefined || next.matches ? undefined : expansionOf(kept, encloser, name, type, [next.kept], now)
    if (positive !== undefined) return positive
  }
  const proof: Array<Kept<nsec3.Nsec3>> = []
  // From the name up: each has a record of its own, which is the encloser, or one that covers it.
  for (let labels = Name.countLabels(name); labels >= zoneLabels; labels--) {
    const ancestor = ancestorOf(name, labels)
    const found = near(ancestor)
    if (found === undefined) return undefined
    proof.push(found.kept)
    if (!found.matches) continue
    if (ancestor !== name) {
      const denial = new nsec3.Denial(
        proof.map(({ record }) => record),
        kept.zone,
        new Budget()
      )
      const proven = denial.encloser(name)
      if (proven === undefined) return undefined
      const wildcard = near(nsec.wildcardOf(proven.encloser))
      if (wildcard !== undefined) proof.push(wildcard.kept)
    }
    break
  }
  const denial = new nsec3.Denial(
    proof.map(({ record }) => record),
    kept.zone,
    new Budget()
  )
  const ttl = secondsLeft(proof, now)
  if (denial.provesNoName(name) === "proven") return { kind: "noName", ttl }
  return denial.provesNoData(name, type) === "proven" ? { kind: "noData", ttl } : undefined
}

/** The record with the hash, or the one before it when that covers it; the chain is a ring. */
const hashedNeighbour = (list: ReadonlyArray<Kept<nsec3.Nsec3>>, hash: Uint8Array, now: number) => {
  const at = lowerBound(list, (record) => Buffer.compare(record.hash, hash))
  const there = list[at]
  if (there !== undefined && Buffer.compare(there.record.hash, hash) === 0) {
    return there.until > now ? { kept: there, matches: true } : undefined
  }
  const before = list[(at + list.length - 1) % list.length]!
  if (before.until <= now) return undefined
  const { record } = before
  const covers =
    Buffer.compare(record.hash, record.next) < 0
      ? Buffer.compare(record.hash, hash) < 0 && Buffer.compare(hash, record.next) < 0
      : Buffer.compare(record.hash, hash) < 0 || Buffer.compare(hash, record.next) < 0
  return covers ? { kept: before, matches: false } : undefined
}

/** The record at the name, or the one before it when that covers it. */
const neighbour = (kept: KeptZone, name: Name.Name, now: number): Kept<nsec.Nsec> | undefined => {
  const at = lowerBound(kept.records, (record) => Name.compare(record.owner, name))
  const there = kept.records[at]
  if (there !== undefined && Name.equals(there.record.owner, name)) return there.until > now ? there : undefined
  const before = kept.records[at - 1]
  return before !== undefined && before.until > now && nsec.covers(before.record, name, kept.zone) ? before : undefined
}

/** Where the first record is that is not before what `compare` compares with. */
const lowerBound = <A>(records: ReadonlyArray<Kept<A>>, compare: (record: A) => number): number => {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(records[middle]!.record) < 0) low = middle + 1
    else high = middle
  }
  return low
}
