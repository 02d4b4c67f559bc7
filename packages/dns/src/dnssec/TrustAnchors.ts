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

/** A trust anchor under RFC 5011: its state and since when. */
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

/** The keys that are trusted from outside, kept up to date by RFC 5011. */
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

  /** The zones that have an anchor. */
  zones(): ReadonlyArray<Name.Name> {
    return Array.from(this.anchors.values(), ({ zone }) => zone)
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

  /** Takes up stored states of a zone's keys. A DS of one of them counts no more: the key may be revoked since. */
  restore(zone: Name.Name, tracked: ReadonlyArray<Tracked>): void {
    this.put({ zone, ds: withoutFollowed(zone, this.anchors.get(keyOf(zone))?.ds ?? [], tracked), tracked })
  }

  /**
   * Looks at a zone's DNSKEY set, as it was fetched, and moves the states (RFC 5011 4); whether something changed. A set that
   * no trusted key signed changes nothing. `now` is in seconds since 1970.
   */
  observe(set: RRset.RRset, signatures: ReadonlyArray<Rrsig.Rrsig>, now: number): boolean {
    const anchor = this.anchors.get(keyOf(set.name))
    if (anchor === undefined) return false
    const keys = set.rdatas.map(Dnskey.read).filter((key) => key !== undefined)
    const budget = new Budget()
    // Revocation changes the flags, and so the tag: keys are compared without it. A key that is not followed has nothing to revoke.
    const known = (key: Dnskey.Dnskey) => anchor.tracked.some((entry) => sameKey(entry.key, key))
    const revoked = keys.filter(
      (key) => Dnskey.isRevoked(key) && known(key) && signs(set, signatures, key, now, budget)
    )
    const trusted = (key: Dnskey.Dnskey) => isTrusted(anchor, key)
    const vouched = keys.some(
      (key) => !Dnskey.isRevoked(key) && trusted(key) && signs(set, signatures, key, now, budget)
    )
    if (!vouched && !revoked.some(trusted)) return false
    const next: Array<Tracked> = []
    for (const entry of anchor.tracked) {
      // Thirty days, or the TTL of the set when that is more (RFC 5011 2.4.1).
      const holdDown = Math.max(limits.addHoldDown, set.ttl)
      const moved = this.move(entry, keys, revoked, { vouched, now, holdDown })
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
    // A DS anchor counts until its key is followed in its place; one of a key that is not published yet goes on.
    this.put({ zone: anchor.zone, ds: withoutFollowed(anchor.zone, anchor.ds, next), tracked: next })
    return next.length !== anchor.tracked.length || next.some((entry, i) => entry !== anchor.tracked[i])
  }

  /** Whether a key that is trusted signed the set of keys. */
  isVouched(set: RRset.RRset, signatures: ReadonlyArray<Rrsig.Rrsig>, now: number): boolean {
    const anchor = this.anchors.get(keyOf(set.name))
    if (anchor === undefined) return false
    const budget = new Budget()
    return set.rdatas.some((rdata) => {
      const key = Dnskey.read(rdata)
      return (
        key !== undefined &&
        !Dnskey.isRevoked(key) &&
        isTrusted(anchor, key) &&
        signs(set, signatures, key, now, budget)
      )
    })
  }

  private move(
    entry: Tracked,
    keys: ReadonlyArray<Dnskey.Dnskey>,
    revoked: ReadonlyArray<Dnskey.Dnskey>,
    options: { readonly vouched: boolean; readonly now: number; readonly holdDown: number }
  ): Tracked | undefined {
    const { vouched, now, holdDown } = options
    const to = (state: State): Tracked => ({ key: entry.key, state, since: now })
    if (entry.state === "Revoked") return now - entry.since >= limits.removeHoldDown ? undefined : entry
    if (revoked.some((key) => sameKey(key, entry.key))) return to("Revoked")
    const there = keys.some((key) => !Dnskey.isRevoked(key) && sameKey(key, entry.key))
    switch (entry.state) {
      case "AddPending":
        // Missing once, or the set unsigned by what is trusted: the thirty days begin anew (RFC 5011 4.1, KeyRem).
        if (!there) return undefined
        return vouched && now - entry.since >= holdDown ? to("Valid") : entry
      case "Valid":
        return there ? entry : to("Missing")
      case "Missing":
        return there ? to("Valid") : entry
    }
  }
}

const withoutFollowed = (zone: Name.Name, ds: ReadonlyArray<Dnskey.Ds>, tracked: ReadonlyArray<Tracked>) =>
  ds.filter((record) => !tracked.some(({ key }) => Dnskey.matches(zone, record, key)))

const isTrusted = (anchor: Anchor, key: Dnskey.Dnskey): boolean =>
  anchor.tracked.some((entry) => (entry.state === "Valid" || entry.state === "Missing") && sameKey(entry.key, key)) ||
  anchor.ds.some((ds) => Dnskey.matches(anchor.zone, ds, key))

const signs = (
  set: RRset.RRset,
  signatures: ReadonlyArray<Rrsig.Rrsig>,
  key: Dnskey.Dnskey,
  now: number,
  budget: Budget
): boolean => !("reason" in verify(set, signatures, { zone: set.name, keys: [key], now, budget, revoked: true }))

const sameKey = (a: Dnskey.Dnskey, b: Dnskey.Dnskey): boolean =>
  a.algorithm === b.algorithm && Buffer.compare(a.publicKey, b.publicKey) === 0
