/**
 * Denials that were proven once and answer later questions too (RFC 8198): a name between two neighbours of a signed zone
 * is not there, without asking. NSEC only: the hashes of NSEC3 cost more than they save here.
 */
import { Name } from "../wire/index.ts"
import { keyOf, parentKey } from "../zone/canonical.ts"
import * as limits from "./limits.ts"
import * as nsec from "./nsec.ts"

interface Kept {
  readonly record: nsec.Nsec
  /** Seconds since 1970. */
  readonly until: number
}

interface KeptZone {
  readonly zone: Name.Name
  /** In canonical order of their owners, each owner once. */
  readonly records: Array<Kept>
}

export class AggressiveCache {
  /** The zone that was added to longest ago is the first. */
  private readonly zones = new Map<string, KeptZone>()
  private count = 0

  get size(): number {
    return this.count
  }

  /** Keeps verified records until then (seconds since 1970). */
  add(zone: Name.Name, records: ReadonlyArray<nsec.Nsec>, until: number, now: number): void {
    if (records.length === 0 || until <= now) return
    const key = keyOf(zone)
    const kept = this.zones.get(key) ?? { zone, records: [] }
    this.zones.delete(key)
    this.zones.set(key, kept)
    for (const record of records) {
      const at = lowerBound(kept.records, record.owner)
      const there = kept.records[at]
      if (there !== undefined && Name.equals(there.record.owner, record.owner)) kept.records[at] = { record, until }
      else {
        kept.records.splice(at, 0, { record, until })
        this.count++
      }
    }
    this.shrink(now)
  }

  /** What is known about a name and type without asking; undefined when the question must be asked. */
  find(
    name: Name.Name,
    type: number,
    now: number
  ): { readonly kind: "noName" | "noData"; readonly ttl: number } | undefined {
    if (this.count === 0) return undefined
    for (let key = keyOf(name); ; key = parentKey(key)) {
      const kept = this.zones.get(key)
      if (kept !== undefined) return findIn(kept, name, type, now)
      if (key.length === 1) return undefined
    }
  }

  /** Down to the bound: what is over first, then the half of the zone that was added to longest ago. */
  private shrink(now: number): void {
    while (this.count > limits.aggressiveDenials) {
      const [key, { zone, records }] = this.zones.entries().next().value!
      const live = records.filter(({ until }) => until > now)
      const left = live.length < records.length ? live : live.filter((_, i) => i % 2 === 0 && live.length > 1)
      this.count -= records.length - left.length
      if (left.length === 0) this.zones.delete(key)
      else this.zones.set(key, { zone, records: left })
    }
  }
}

const findIn = (kept: KeptZone, name: Name.Name, type: number, now: number) => {
  const near = neighbour(kept, name, now)
  if (near === undefined) return undefined
  const proof = [near]
  if (!Name.equals(near.record.owner, name)) {
    const wildcard = neighbour(kept, nsec.wildcardOf(nsec.closestEncloser(near.record, name)), now)
    if (wildcard !== undefined) proof.push(wildcard)
  }
  const records = proof.map(({ record }) => record)
  const ttl = Math.min(...proof.map(({ until }) => until - now))
  if (nsec.provesNoName(records, name, kept.zone)) return { kind: "noName", ttl } as const
  return nsec.provesNoData(records, name, type, kept.zone) === "proven" ? ({ kind: "noData", ttl } as const) : undefined
}

/** The record at the name, or the one before it when that covers it. */
const neighbour = (kept: KeptZone, name: Name.Name, now: number): Kept | undefined => {
  const at = lowerBound(kept.records, name)
  const there = kept.records[at]
  if (there !== undefined && Name.equals(there.record.owner, name)) return there.until > now ? there : undefined
  const before = kept.records[at - 1]
  return before !== undefined && before.until > now && nsec.covers(before.record, name, kept.zone) ? before : undefined
}

/** The first record whose owner is not before the name. */
const lowerBound = (records: ReadonlyArray<Kept>, name: Name.Name): number => {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Name.compare(records[middle]!.record.owner, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}
