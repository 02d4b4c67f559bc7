/**
 * What a parent does with the CDS and CDNSKEY that a child publishes (RFC 7344, RFC 8078): a pure decision. `keepSigned` and
 * `sign` are the child's side.
 */
import { Name } from "../wire/index.ts"
import { compareOctets, sameOctets } from "../zone/canonical.ts"
import type * as RRset from "../zone/RRset.ts"
import { Budget } from "./Budget.ts"
import * as Dnskey from "./Dnskey.ts"
import type * as Rrsig from "./Rrsig.ts"
import { type Verified, verify } from "./verify.ts"

/** A set as it was fetched, with the signatures that cover it. */
export interface SignedSet {
  readonly set: RRset.RRset
  readonly signatures: ReadonlyArray<Rrsig.Rrsig>
}

/** What the parent has and what the child publishes. */
export interface CdsOptions {
  /** The child's apex. */
  readonly zone: Name.Name
  /** The rdata of the DS records that the parent has. */
  readonly ds: ReadonlyArray<Uint8Array>
  /** The child's DNSKEY set. */
  readonly dnskey: SignedSet
  /** The child's CDS set, if it has one. */
  readonly cds?: SignedSet | undefined
  /** The child's CDNSKEY set, if it has one. */
  readonly cdnskey?: SignedSet | undefined
  /** Seconds since 1970. */
  readonly now: number
  /** The `inception` of what was accepted last: what was signed before it is a replay (RFC 7344 6.2). */
  readonly since?: number | undefined
  /** Digest types of the DS records made when there is only a CDNSKEY: SHA-256 unless told. */
  readonly digestTypes?: ReadonlyArray<2 | 4>
}

/** Why nothing is changed, though the child asks for it. */
export type CdsRefusal =
  /** The parent has no DS: a first one is a matter of policy that no signature can settle (RFC 8078 3). */
  | "NoDelegation"
  /** No key of the DS set signs the child's keys. */
  | "KeysUntrusted"
  /** The set is not the child's apex's (RFC 7344 4.1, Location). */
  | "WrongOwner"
  /** Not signed by a key that is in both the DNSKEY and the DS set (RFC 7344 4.1, Signer). */
  | "NotSigned"
  /** Signed no later than what was accepted last (RFC 7344 6.2). */
  | "Stale"
  /** CDS and CDNSKEY say different things (RFC 7344 4). */
  | "Mismatch"
  /** Algorithm 0 beside other records, or with fields other than those mandated (RFC 8078 4). */
  | "BadDelete"
  /** The child could not be validated by what it asks for (RFC 7344 4.1, Continuity). */
  | "WouldBreak"

/** What to do with the DS set. `inception` is to be kept, and given as `since` the next time. */
export type CdsDecision =
  /** Nothing is published, or what there is already: no action (RFC 7344 4). */
  | { readonly kind: "keep" }
  /** The rdata of the DS records to have instead, in canonical order of their octets. */
  | { readonly kind: "replace"; readonly ds: ReadonlyArray<Uint8Array>; readonly inception: number }
  /** The child leaves DNSSEC: no DS any more (RFC 8078 4). */
  | { readonly kind: "delete"; readonly inception: number }
  | { readonly kind: "refuse"; readonly reason: CdsRefusal; readonly detail: string }

/**
 * Decides. A DS that is asked for with a digest that must not be made any more (SHA-1, RFC 8624 3.3), or that is not known here, is left
 * out; each algorithm that is left has to have a key that is there and signs the keys (RFC 6840 5.11).
 */
export const acceptCds = (options: CdsOptions): CdsDecision => {
  const { zone, now, dnskey } = options
  const published = [options.cds, options.cdnskey].filter((each) => each !== undefined)
  if (published.length === 0) return { kind: "keep" }
  const budget = new Budget()
  const text = Name.toText(zone)
  // That a key may sign a zone, and is not revoked, is looked at where a signature of it is.
  const keys = dnskey.set.rdatas.flatMap((rdata) => Dnskey.read(rdata) ?? [])
  /** The signature of a set by one of these keys, or what is wrong with it. */
  const signed = ({ set, signatures }: SignedSet, by: ReadonlyArray<Dnskey.Dnskey>) =>
    verify(set, signatures, { zone, keys: by, now, budget })

  const current = Dnskey.strongest(options.ds.flatMap((rdata) => Dnskey.readDs(rdata) ?? []))
  if (current.length === 0) return refuse("NoDelegation", `${text} has no DS`)
  const pointed = keys.filter((key) => current.some((ds) => Dnskey.matches(zone, ds, key)))
  const trusted = Name.equals(dnskey.set.name, zone)
    ? pointed.filter((key) => !("reason" in signed(dnskey, [key])))
    : []
  if (trusted.length === 0) return refuse("KeysUntrusted", `no DS of ${text} is of a key that signs its keys`)

  const holding: Array<Verified> = []
  for (const each of published) {
    if (!Name.equals(each.set.name, zone)) return refuse("WrongOwner", `${Name.toText(each.set.name)} is not ${text}`)
    const found = signed(each, trusted)
    if ("reason" in found) return refuse("NotSigned", found.detail)
    holding.push(found)
  }
  const inception = holding.map(({ rrsig }) => rrsig.inception).reduce((a, b) => (((b - a) | 0) < 0 ? b : a))
  const changed = <A>(decision: A) =>
    options.since !== undefined && ((inception - options.since) | 0) <= 0
      ? refuse("Stale", `signed at ${inception}, and what was accepted last at ${options.since}`)
      : decision

  const cds = options.cds?.set.rdatas
  const cdnskey = options.cdnskey?.set.rdatas
  if (cds?.some((rdata) => rdata[2] === 0) || cdnskey?.some((rdata) => rdata[3] === 0)) {
    const whole = (cds?.every(isDeleteDs) ?? true) && (cdnskey?.every(isDeleteKey) ?? true)
    if (!whole)
      return refuse("BadDelete", `algorithm 0 in ${text} beside something else, or not as 0 0 0 00 and 0 3 0 AA==`)
    return changed({ kind: "delete", inception } as const)
  }
  const wantedKeys = cdnskey?.flatMap((rdata) => Dnskey.read(rdata) ?? [])
  if (cds !== undefined && wantedKeys !== undefined && !isSameWish(zone, cds, wantedKeys))
    return refuse("Mismatch", `CDS and CDNSKEY of ${text} are not of the same keys`)
  const made = wantedKeys?.flatMap((key) => (options.digestTypes ?? [2]).map((type) => Dnskey.dsRdata(zone, key, type)))
  const wanted = (cds ?? made ?? []).filter((rdata) => mayBeMade.has(rdata[3]!)).toSorted(compareOctets)
  if (sameOctets(wanted, options.ds.toSorted(compareOctets))) return { kind: "keep" }

  const next = wanted.flatMap((rdata) => Dnskey.readDs(rdata) ?? [])
  if (next.length === 0) return refuse("WouldBreak", `no DS for ${text} would be left that may be made`)
  for (const algorithm of new Set(next.map((ds) => ds.algorithm))) {
    const found = keys.some(
      (key) =>
        key.algorithm === algorithm &&
        next.some((ds) => Dnskey.matches(zone, ds, key)) &&
        !("reason" in signed(dnskey, [key]))
    )
    if (!found) return refuse("WouldBreak", `no key of algorithm ${algorithm} that ${text} asks for signs its keys`)
  }
  return changed({ kind: "replace", ds: wanted, inception } as const)
}

const refuse = (reason: CdsRefusal, detail: string) => ({ kind: "refuse", reason, detail }) as const

/** Digest types of which a parent may make a DS (RFC 8624 3.3): SHA-256 and SHA-384. */
const mayBeMade: ReadonlySet<number> = new Set([2, 4])

/** `0 0 0 00`: one octet of digest by erratum 5049 of RFC 8078, none by its text. */
const isDeleteDs = (rdata: Uint8Array): boolean =>
  (rdata.length === 4 || rdata.length === 5) && rdata.every((octet) => octet === 0)

/** `0 3 0 AA==`: likewise. */
const isDeleteKey = (rdata: Uint8Array): boolean =>
  (rdata.length === 4 || rdata.length === 5) && rdata.every((octet, i) => octet === (i === 2 ? 3 : 0))

/** Whether each CDS is of one of the keys, and each key has a CDS. */
const isSameWish = (zone: Name.Name, cds: ReadonlyArray<Uint8Array>, keys: ReadonlyArray<Dnskey.Dnskey>): boolean => {
  const isOf = (rdata: Uint8Array, key: Dnskey.Dnskey): boolean => {
    const ds = Dnskey.readDs(rdata)
    if (ds === undefined) return false
    // Of a digest that is not known only tag and algorithm can be compared.
    if (!Dnskey.digestTypes.has(ds.digestType)) return ds.keyTag === key.tag && ds.algorithm === key.algorithm
    return Dnskey.matches(zone, ds, key)
  }
  return (
    cds.every((rdata) => keys.some((key) => isOf(rdata, key))) &&
    keys.every((key) => cds.some((rdata) => isOf(rdata, key)))
  )
}
