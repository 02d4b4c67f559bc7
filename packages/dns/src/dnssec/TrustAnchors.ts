/**
 * Keys that are trusted to begin with, and their roll-over (RFC 5011): an anchor that has signed for a new key for thirty
 * days brings it in, and one that is revoked goes.
 */
import type { Name } from "../wire/index.ts"
import { ResourceRecord } from "../wire/index.ts"
import { keyOf, parentKey } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import { Budget } from "./Budget.ts"
import * as Dnskey from "./Dnskey.ts"
import * as limits from "./limits.ts"
import type * as Rrsig from "./Rrsig.ts"
import { verify } from "./verify.ts"

/** RFC 5011 4.2. `Start` and `Removed` keys are not kept. */
export type State = "AddPending" | "Valid" | "Missing" | "Revoked"

export interface Tracked {
  readonly key: Dnskey.Dnskey
  readonly state: State
  /** Seconds since 1970 at which the state was entered. */
  readonly since: number
}

interface Anchor {
  readonly zone: Name.Name
  readonly ds: ReadonlyArray<Dnskey.Ds>
  readonly tracked: ReadonlyArray<Tracked>
}

export class TrustAnchors {
  private readonly anchors = new Map<string, Anchor>()

  /** DS and DNSKEY records, each at the zone that it is an anchor of. */
  constructor(records: Iterable<ResourceRecord.ResourceRecord>) {
    for (const record of records) {
      const type = RRset.typeOf(record)
      const rdata = ResourceRecord.dataOctets(record)
      const known = this.anchors.get(keyOf(record.name)) ?? { zone: record.name, ds: [], tracked: [] }
      if (type === types.DS) {
        const ds = Dnskey.readDs(rdata)
        if (ds !== undefined) this.put({ ...known, ds: [...known.ds, ds] })
      } else if (type === types.DNSKEY) {
        const key = Dnskey.read(rdata)
        if (key !== undefined) this.put({ ...known, tracked: [...known.tracked, { key, state: "Valid", since: 0 }] })
      }
    }
  }

  private put(anchor: Anchor): void {
    this.anchors.set(keyOf(anchor.zone), anchor)
  }

  /** The anchor at the name, or at the closest name above it. */
  closest(
    name: Name.Name
  ):
    | { readonly zone: Name.Name; readonly ds: ReadonlyArray<Dnskey.Ds>; readonly keys: ReadonlyArray<Dnskey.Dnskey> }
    | undefined {
    for (let key = keyOf(name); ; key = parentKey(key)) {
      const anchor = this.anchors.get(key)
      if (anchor !== undefined) {
        const keys = anchor.tracked
          .filter(({ state }) => state === "Valid" || state === "Missing")
          .map(({ key }) => key)
        return { zone: anchor.zone, ds: anchor.ds, keys }
      }
      if (key.length === 1) return undefined
    }
  }

  /** The keys that are followed for a zone, with their states: what is to be stored between runs. */
  tracked(zone: Name.Name): ReadonlyArray<Tracked> {
    return this.anchors.get(keyOf(zone))?.tracked ?? []
  }

  /** Takes up stored states of a zone's keys. */
  restore(zone: Name.Name, tracked: ReadonlyArray<Tracked>): void {
    this.put({ zone, ds: this.anchors.get(keyOf(zone))?.ds ?? [], tracked })
  }

  /**
   * Looks at a zone's DNSKEY set, as it was fetched, and moves the states (RFC 5011 4); whether something changed. A set that
   * no trusted key signed changes nothing. `now` is in seconds since 1970.
   */
  observe(set: RRset.RRset, signatures: ReadonlyArray<Rrsig.Rrsig>, now: number): boolean {
    const anchor = this.anchors.get(keyOf(set.name))
    if (anchor === undefined) return false
    const keys = set.rdatas.map(Dnskey.read).filter((key) => key !== undefined)
    const signs = (key: Dnskey.Dnskey) =>
      !("reason" in verify(set, signatures, { zone: set.name, keys: [key], now, budget: new Budget(), revoked: true }))
    // Revocation changes the flags, and so the tag: keys are compared without it.
    const revoked = keys.filter((key) => Dnskey.isRevoked(key) && signs(key))
    const trusted = (key: Dnskey.Dnskey) =>
      anchor.tracked.some(
        (entry) => (entry.state === "Valid" || entry.state === "Missing") && sameKey(entry.key, key)
      ) || anchor.ds.some((ds) => Dnskey.matches(set.name, ds, key))
    const vouched = keys.some((key) => !Dnskey.isRevoked(key) && trusted(key) && signs(key))
    if (!vouched && !revoked.some(trusted)) return false
    const next: Array<Tracked> = []
    for (const entry of anchor.tracked) {
      const moved = this.move(entry, keys, revoked, vouched, now)
      if (moved !== undefined) next.push(moved)
    }
    if (vouched) {
      for (const key of keys) {
        if ((key.flags & Dnskey.SEP) === 0 || Dnskey.isRevoked(key) || !Dnskey.signsZone(key)) continue
        if (next.some((entry) => sameKey(entry.key, key))) continue
        const state = anchor.ds.some((ds) => Dnskey.matches(set.name, ds, key)) ? "Valid" : "AddPending"
        next.push({ key, state, since: now })
      }
    }
    // A DS anchor counts until keys are followed in its place.
    const followed = next.some(({ state }) => state === "Valid")
    this.put({ zone: anchor.zone, ds: followed ? [] : anchor.ds, tracked: next })
    return next.length !== anchor.tracked.length || next.some((entry, i) => entry !== anchor.tracked[i])
  }

  private move(
    entry: Tracked,
    keys: ReadonlyArray<Dnskey.Dnskey>,
    revoked: ReadonlyArray<Dnskey.Dnskey>,
    vouched: boolean,
    now: number
  ): Tracked | undefined {
    const to = (state: State): Tracked => ({ key: entry.key, state, since: now })
    if (entry.state === "Revoked") return now - entry.since >= limits.removeHoldDown ? undefined : entry
    if (revoked.some((key) => sameKey(key, entry.key))) return to("Revoked")
    const there = keys.some((key) => !Dnskey.isRevoked(key) && sameKey(key, entry.key))
    switch (entry.state) {
      case "AddPending":
        // Missing once, or the set unsigned by what is trusted: the thirty days begin anew (RFC 5011 4.1, KeyRem).
        if (!there) return undefined
        return vouched && now - entry.since >= limits.addHoldDown ? to("Valid") : entry
      case "Valid":
        return there ? entry : to("Missing")
      case "Missing":
        return there ? to("Valid") : entry
    }
  }
}

const sameKey = (a: Dnskey.Dnskey, b: Dnskey.Dnskey): boolean =>
  a.algorithm === b.algorithm && Buffer.compare(a.publicKey, b.publicKey) === 0
