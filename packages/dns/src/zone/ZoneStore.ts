/**
 * The zones that are held, each with its latest versions: what a server answers from, and what updates and transfers
 * change. Reading is one look-up and never waits; a reader keeps the version it got.
 */
import { Name } from "../wire/index.ts"
import { keyOf, parentKey } from "./canonical.ts"
import * as Diff from "./Diff.ts"
import * as limits from "./limits.ts"
import { Transaction } from "./Transaction.ts"
import * as types from "./types.ts"
import type { Zone } from "./Zone.ts"
import { ZoneError } from "./ZoneError.ts"

interface Held {
  zone: Zone
  /** Differences that end at the current version, oldest first. */
  readonly journal: Array<Diff.Diff>
}

export class ZoneStore {
  private readonly held = new Map<string, Held>()
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
      if (key.length === 1) return undefined
      key = parentKey(key)
    }
  }

  /** Holds a zone, in place of the version there is. The difference joins the journal when the serial went up. */
  put(zone: Zone, diff?: Diff.Diff): void {
    const held = this.held.get(zone.originKey)
    if (held === undefined) this.held.set(zone.originKey, { zone, journal: [] })
    else {
      const change = diff ?? Diff.between(held.zone, zone)
      if (change.from === change.to) held.journal.length = 0
      else held.journal.push(change)
      while (held.journal.length > limits.journalVersions) held.journal.shift()
      held.zone = zone
    }
    for (const listener of this.listeners) listener(zone)
  }

  /** Stops holding a zone; whether it was held. */
  drop(origin: Name.Name): boolean {
    return this.held.delete(keyOf(origin))
  }

  /** Edits the current version in one transaction and holds the result; throws `ZoneError` and changes nothing. */
  edit(origin: Name.Name, change: (transaction: Transaction) => void): Zone {
    const zone = this.get(origin)
    if (zone === undefined)
      throw new ZoneError("Missing", `no zone ${Name.toText(origin)} is held`, { owner: Name.toText(origin) })
    const transaction = new Transaction(zone)
    change(transaction)
    const done = transaction.commit()
    if (done.diff.removed.length + done.diff.added.length > 0) this.put(done.zone, done.diff)
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
