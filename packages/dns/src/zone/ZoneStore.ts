/**
 * The zones that are held, each with its latest versions: what a server answers from, and what updates and transfers
 * change. Reading is one look-up and never waits; a reader keeps the version it got.
 */
import { Name } from "../wire/index.ts"
import { keyOf, parentKey } from "./canonical.ts"
import * as Diff from "./Diff.ts"
import * as limits from "./limits.ts"
import * as Serial from "./Serial.ts"
import { Transaction } from "./Transaction.ts"
import * as types from "./types.ts"
import type { Zone } from "./Zone.ts"
import { ZoneError } from "./ZoneError.ts"

interface Held {
  zone: Zone
  /** Differences that end at the current version, oldest first. */
  readonly journal: Array<Diff.Diff>
  /** Records in the journal. */
  records: number
}

const sizeOf = ({ removed, added }: Diff.Diff): number => removed.length + added.length

/** Zones that are served, by name, replaced as a whole. */
export class ZoneStore {
  private readonly held = new Map<string, Held>()
  private readonly failed = new Set<string>()
  private readonly listeners = new Set<(zone: Zone) => void>()

  constructor(zones: Iterable<Zone> = []) {
    for (const zone of zones) this.put(zone)
  }

  get size(): number {
    return this.held.size
  }

  zones(): Array<Zone> {
    return Array.from(this.held.values(), (held) => held.zone)
  }

  /** The current version of the zone with this origin. */
  get(origin: Name.Name): Zone | undefined {
    return this.held.get(keyOf(origin))?.zone
  }

  /** The zone to answer a question from: the deepest at or above the name; for DS at an origin, the one above if held. */
  forQuestion(name: Name.Name, type: number): Zone | undefined {
    let key = keyOf(name)
    if (type === types.DS && key.length > 1) {
      const parent = this.deepest(parentKey(key))
      if (parent !== undefined) return parent
    }
    return this.deepest(key)
  }

  private deepest(key: string): Zone | undefined {
    for (;;) {
      const held = this.held.get(key)
      if (held !== undefined) return held.zone
      if (key.length === 1 || this.failed.has(key)) return undefined
      key = parentKey(key)
    }
  }

  /** Whether a name is in a zone that has failed, and so has no zone to be answered from. */
  isFailed(name: Name.Name): boolean {
    if (this.failed.size === 0) return false
    for (let key = keyOf(name); !this.held.has(key); key = parentKey(key)) {
      if (this.failed.has(key)) return true
      if (key.length === 1) return false
    }
    return false
  }

  /** Holds a zone, in place of the version there is. The difference joins the journal when the serial went up. */
  put(zone: Zone, diff?: Diff.Diff): void {
    this.failed.delete(zone.originKey)
    const held = this.held.get(zone.originKey)
    if (held === undefined) this.held.set(zone.originKey, { zone, journal: [], records: 0 })
    else {
      const change = diff ?? Diff.between(held.zone, zone)
      held.journal.push(change)
      held.records += sizeOf(change)
      // A serial that does not go up begins anew: a client could not tell before from after.
      const most = Serial.isAfter(change.to, change.from) ? limits.journalVersions : 0
      while (held.journal.length > most || held.records > limits.journalRecords) {
        held.records -= sizeOf(held.journal.shift()!)
      }
      held.zone = zone
    }
    for (const listener of this.listeners) listener(zone)
  }

  /** Stops holding a zone; whether it was held. */
  drop(origin: Name.Name): boolean {
    this.failed.delete(keyOf(origin))
    return this.held.delete(keyOf(origin))
  }

  /** Stops holding a zone that still is this server's, until it is put again: its names are answered SERVFAIL. */
  fail(origin: Name.Name): void {
    this.held.delete(keyOf(origin))
    this.failed.add(keyOf(origin))
  }

  /**
   * Edits the current version in one transaction and holds the result, or what `after` makes of it: where it is signed. Throws
   * `ZoneError` and changes nothing.
   */
  edit(
    origin: Name.Name,
    change: (transaction: Transaction) => void,
    after?: (zone: Zone, before: Zone) => Zone
  ): Zone {
    const zone = this.get(origin)
    if (zone === undefined)
      throw new ZoneError("Missing", `no zone ${Name.toText(origin)} is held`, { owner: Name.toText(origin) })
    const transaction = new Transaction(zone)
    change(transaction)
    const done = transaction.commit()
    if (done.diff.removed.length + done.diff.added.length > 0) {
      if (after === undefined) this.put(done.zone, done.diff)
      else this.put(after(done.zone, zone))
    }
    return this.get(origin)!
  }

  /** The differences from a serial to the current version, oldest first; undefined when they are no longer kept. */
  since(origin: Name.Name, serial: number): ReadonlyArray<Diff.Diff> | undefined {
    const held = this.held.get(keyOf(origin))
    if (held === undefined) return undefined
    if (held.zone.serial === serial) return []
    const first = held.journal.findIndex((diff) => diff.from === serial)
    return first < 0 ? undefined : held.journal.slice(first)
  }

  /** Calls back after every change; the function returned stops that. */
  onChange(listener: (zone: Zone) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}
