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
  readonly until: number
}

export class AggressiveCache {
  /** By zone; within it by the owner of the record. */
  private readonly zones = new Map<string, { readonly zone: Name.Name; readonly records: Map<string, Kept> }>()
  private count = 0

  get size(): number {
    return this.count
  }

  /** Keeps verified records until then (seconds since 1970). */
  add(zone: Name.Name, records: ReadonlyArray<nsec.Nsec>, until: number, now: number): void {
    if (records.length === 0 || until <= now) return
    const key = keyOf(zone)
    let kept = this.zones.get(key)
    if (kept === undefined) this.zones.set(key, (kept = { zone, records: new Map() }))
    for (const record of records) {
      const owner = keyOf(record.owner)
      if (kept.records.delete(owner)) this.count--
      kept.records.set(owner, { record, until })
      this.count++
    }
    while (this.count > limits.aggressiveDenials) {
      const [oldestKey, oldest] = this.zones.entries().next().value!
      oldest.records.delete(oldest.records.keys().next().value!)
      this.count--
      if (oldest.records.size === 0) this.zones.delete(oldestKey)
    }
  }

  /** What is known about a name and type without asking; undefined when the question must be asked. */
  find(
    name: Name.Name,
    type: number,
    now: number
  ): { readonly kind: "noName" | "noData"; readonly ttl: number } | undefined {
    for (let key = keyOf(name); ; key = parentKey(key)) {
      const kept = this.zones.get(key)
      if (kept !== undefined) return this.findIn(kept, name, type, now)
      if (key.length === 1) return undefined
    }
  }

  private findIn(
    kept: { readonly zone: Name.Name; readonly records: Map<string, Kept> },
    name: Name.Name,
    type: number,
    now: number
  ) {
    // At most the few records of an honest zone's answers are looked through: the neighbours of this name.
    const near: Array<Kept> = []
    for (const entry of kept.records.values()) {
      if (entry.until <= now) continue
      if (Name.equals(entry.record.owner, name) || nsec.covers(entry.record, name, kept.zone)) near.push(entry)
    }
    const first = near[0]
    if (first === undefined) return undefined
    if (!Name.equals(first.record.owner, name)) {
      const wildcard = nsec.wildcardOf(nsec.closestEncloser(first.record, name))
      for (const entry of kept.records.values()) {
        if (
          entry.until > now &&
          (Name.equals(entry.record.owner, wildcard) || nsec.covers(entry.record, wildcard, kept.zone))
        )
          near.push(entry)
      }
    }
    const records = near.map(({ record }) => record)
    const ttl = Math.min(...near.map(({ until }) => until - now))
    if (nsec.provesNoName(records, name, kept.zone)) return { kind: "noName", ttl } as const
    return nsec.provesNoData(records, name, type, kept.zone) === "proven"
      ? ({ kind: "noData", ttl } as const)
      : undefined
  }
}
