/**
 * Signs a zone: DNSKEY, RRSIG, NSEC or NSEC3, and on request CDS, CDNSKEY and ZONEMD. RFC 4035 2, 5155 7.1, 7344, 8976.
 *
 * What signing takes is nearly all cryptography: `sign` has it done on the threads of libuv's pool, so that the loop goes
 * on; `signSync` does it at once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Class, Name, ResourceRecord, Type } from "../wire/index.ts"
import { fold, keyOf, parentKey, sameOctets } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import * as Zone from "../zone/Zone.ts"
import * as Algorithm from "./Algorithm.ts"
import * as Dnskey from "./Dnskey.ts"
import * as limits from "./limits.ts"
import { nsec3Hash } from "./nsec3Hash.ts"
import * as Rrsig from "./Rrsig.ts"
import { isSep, type SigningKey } from "./SigningKey.ts"
import * as typeBitmap from "./typeBitmap.ts"
import * as Zonemd from "./Zonemd.ts"

/** How a zone is signed: keys, times, and which proof of absence. */
export interface Options {
  readonly keys: ReadonlyArray<SigningKey>
  /** Seconds since 1970; an hour ago unless told, since clocks differ. */
  readonly inception?: number
  /** Seconds since 1970; in 14 days unless told. */
  readonly expiration?: number
  /** NSEC unless told. */
  readonly denial?: "nsec" | "nsec3"
  /** RFC 9276 3.1: no salt, no further iterations, which is what is done unless told. */
  readonly nsec3?: { readonly salt?: Uint8Array; readonly iterations?: number; readonly optOut?: boolean }
  /**
   * The zone as it was signed before: signatures of what has not changed are kept while more than a third of their life
   * is left. Signing after a small change then costs a few signatures, whatever the zone's size.
   */
  readonly previous?: Zone.Zone
  /** CDS and CDNSKEY of the keys with SEP (RFC 7344). */
  readonly childDs?: boolean
  /** A digest of the whole zone (RFC 8976). */
  readonly zonemd?: boolean
}

/** Signs. Interrupting leaves the zone as it was; signatures that are being made are finished and forgotten. */
export const sign = (zone: Zone.Zone, options: Options): Effect.Effect<Zone.Zone> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const plan = new Plan(zone, { ...defaults(now), ...options })
    return Effect.map(runJobs(plan.jobs), () => plan.finish())
  })

/** Signs at once, on this thread. `now` is in seconds since 1970. */
export const signSync = (zone: Zone.Zone, options: Options & { readonly now: number }): Zone.Zone => {
  const plan = new Plan(zone, { ...defaults(options.now * 1_000), ...options })
  for (const job of plan.jobs) {
    const { algorithm } = job.key.dnskey
    job.done(Algorithm.sign(algorithm, job.key.privateKey, job.octets()))
  }
  return plan.finish()
}

/** Every set of a zone that is to be signed: the data that it is authoritative for, and the denials as they should be. */
export const setsToSign = (zone: Zone.Zone, options: Pick<Options, "denial" | "nsec3">): ReadonlyArray<RRset.RRset> =>
  new Plan(zone, { ...defaults(0), ...options, keys: [] }).sets

const defaults = (now: number) => ({
  inception: Math.floor(now / 1_000) - limits.inceptionOffset,
  expiration: Math.floor(now / 1_000) + limits.signatureValidity
})

const runJobs = (jobs: ReadonlyArray<Job>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let next = 0
    let open = 0
    let stopped = false
    const start = () => {
      while (open < limits.inFlight && next < jobs.length) {
        const job = jobs[next++]!
        open++
        Algorithm.signLater(job.key.dnskey.algorithm, job.key.privateKey, job.octets(), (error, signature) => {
          open--
          if (stopped) return
          if (error !== null) {
            stopped = true
            return resume(Effect.die(error))
          }
          job.done(signature)
          if (open === 0 && next === jobs.length) resume(Effect.void)
          else start()
        })
      }
    }
    if (jobs.length === 0) resume(Effect.void)
    else start()
    return Effect.sync(() => {
      stopped = true
    })
  })

interface Job {
  readonly key: SigningKey
  readonly octets: () => Uint8Array
  readonly done: (signature: Uint8Array) => void
}

/** A node as it is being signed. */
interface Draft {
  readonly name: Name.Name
  readonly sets: Map<number, RRset.RRset>
  readonly signatures: Map<number, Array<ResourceRecord.ResourceRecord>>
}

/**
 * The hashes of a zone's names. Which name has which hash is the same in every version, so versions share this, and what is in it may
 * be of another than is looked at.
 */
export interface Hashed {
  readonly salt: Uint8Array
  readonly iterations: number
  /** By the names' keys. */
  readonly byName: Map<string, Hash>
  /** Keys of names by those of the owners of their NSEC3. */
  readonly byOwner: Map<string, string>
}

interface Hash {
  readonly octets: Uint8Array
  readonly owner: Name.Name
  readonly ownerKey: string
}

/** The hash of a name, worked out once. */
export const hashIn = (hashed: Hashed, name: Name.Name, origin: Name.Name): Hash => {
  const key = keyOf(name)
  let hash = hashed.byName.get(key)
  if (hash === undefined) {
    const octets = nsec3Hash.octets(name, hashed)
    const label = nsec3Hash.toBase32(octets)
    const owner = Name.fromOctets(Uint8Array.of(label.length, ...Buffer.from(label), ...origin.octets))
    hashed.byName.set(key, (hash = { octets, owner, ownerKey: keyOf(owner) }))
    hashed.byOwner.set(hash.ownerKey, key)
  }
  return hash
}

/** Hashes that are known of the names of zones that were signed here. */
export const hashedOf = new WeakMap<Zone.Zone, Hashed>()

const dnssecTypes = new Set([types.RRSIG, types.NSEC, types.NSEC3, types.NSEC3PARAM])

class Plan {
  readonly jobs: Array<Job> = []
  /** Every set that is to be signed, denials included. */
  readonly sets: Array<RRset.RRset> = []
  private readonly zone: Zone.Zone
  private readonly options: Options & { readonly inception: number; readonly expiration: number }
  private readonly nodes = new Map<string, Draft>()
  private readonly hashes = new Map<string, Draft>()
  private hashed: Hashed | undefined = undefined
  /** Keys of which a signature of the version before can be told by its tag and algorithm. */
  private readonly knownBefore: ReadonlySet<SigningKey>

  constructor(zone: Zone.Zone, options: Options & { readonly inception: number; readonly expiration: number }) {
    this.zone = zone
    this.options = options
    const keysBefore = (options.previous?.apex.sets.get(types.DNSKEY)?.rdatas ?? []).flatMap(
      (rdata) => Dnskey.read(rdata) ?? []
    )
    this.knownBefore = new Set(options.keys.filter((key) => wasOnlyOneOfTag(key, keysBefore)))
    for (const [key, node] of zone.nodes) {
      const sets = new Map(Array.from(node.sets).filter(([type]) => !dnssecTypes.has(type)))
      this.nodes.set(key, { name: node.name, sets, signatures: new Map() })
    }
    this.prune()
    this.completeApex()
    const { signed, cuts } = this.authoritative()
    if (options.denial === "nsec3") this.addNsec3(signed, cuts)
    else this.addNsec(signed, cuts)
    for (const draft of signed) {
      for (const set of draft.sets.values()) {
        if (set.type === types.ZONEMD && options.zonemd === true) continue
        if (cuts.has(draft) && set.type !== types.DS && set.type !== types.NSEC) continue
        this.add(draft, set)
      }
    }
    for (const draft of this.hashes.values()) for (const set of draft.sets.values()) this.add(draft, set)
  }

  /** Drops names that only DNSSEC's own records were left at: what an edit of a signed zone removed is not there. */
  private prune(): void {
    const emptied = Array.from(this.nodes).some(
      ([key, { sets }]) => sets.size === 0 && !this.zone.nodes.get(key)!.isEmpty
    )
    if (!emptied) return
    const leading = new Set<string>()
    for (const [key, { sets }] of this.nodes) {
      if (sets.size === 0) continue
      for (let at = key; at.length > this.zone.originKey.length && !leading.has(at); at = parentKey(at)) leading.add(at)
    }
    for (const [key, { sets }] of this.nodes) {
      if (sets.size === 0 && !leading.has(key)) this.nodes.delete(key)
    }
  }

  /** The signed zone, when all jobs are done. */
  finish(): Zone.Zone {
    // A node of the version before that comes out the same is that node: differences are then found by looking at what is not.
    const build = (drafts: Map<string, Draft>, before: ReadonlyMap<string, Zone.Node> | undefined) => {
      const nodes = new Map<string, Zone.Node>()
      for (const [key, draft] of drafts) {
        const old = before?.get(key)
        nodes.set(
          key,
          old !== undefined && isSame(old, draft) ? old : new Zone.Node(draft.name, draft.sets, draft.signatures)
        )
      }
      return nodes
    }
    const { previous } = this.options
    const signed = () => {
      const zone = new Zone.Zone(
        this.zone.origin,
        build(this.nodes, previous?.nodes),
        build(this.hashes, previous?.hashes)
      )
      if (this.hashed !== undefined) hashedOf.set(zone, this.hashed)
      return zone
    }
    if (this.options.zonemd !== true) return signed()
    const apex = this.nodes.get(this.zone.originKey)!
    const rdata = Zonemd.rdata(signed())
    apex.sets.set(types.ZONEMD, this.set(this.zone.origin, types.ZONEMD, this.zone.soa.ttl, [rdata]))
    const before = this.jobs.length
    this.add(apex, apex.sets.get(types.ZONEMD)!)
    for (const job of this.jobs.slice(before)) {
      job.done(Algorithm.sign(job.key.dnskey.algorithm, job.key.privateKey, job.octets()))
    }
    return signed()
  }

  private completeApex(): void {
    const apex = this.nodes.get(this.zone.originKey)!
    const { origin } = this.zone
    const { keys, childDs } = this.options
    const ttl = this.zone.soa.ttl
    // Keys that are already in the zone stay: another signer's (RFC 8901), or a standby.
    const others = apex.sets.get(types.DNSKEY)?.rdatas ?? []
    const own = keys.map(({ dnskey }) => dnskey.rdata)
    const all = [...own, ...others.filter((rdata) => !own.some((mine) => Buffer.compare(mine, rdata) === 0))]
    if (all.length > 0) apex.sets.set(types.DNSKEY, this.set(origin, types.DNSKEY, ttl, all))
    if (childDs === true) {
      const seps = keys.filter(isSep).map(({ dnskey }) => dnskey)
      // No key that a parent could point to: nothing to publish.
      if (seps.length === 0) return this.completeDenial(apex)
      apex.sets.set(
        types.CDNSKEY,
        this.set(
          origin,
          types.CDNSKEY,
          ttl,
          seps.map(({ rdata }) => rdata)
        )
      )
      apex.sets.set(
        types.CDS,
        this.set(
          origin,
          types.CDS,
          ttl,
          seps.map((key) => Dnskey.dsRdata(origin, key))
        )
      )
    }
    this.completeDenial(apex)
  }

  private completeDenial(apex: Draft): void {
    const { origin } = this.zone
    const { nsec3, denial, zonemd } = this.options
    if (denial === "nsec3") {
      const salt = nsec3?.salt ?? new Uint8Array(0)
      const iterations = nsec3?.iterations ?? 0
      const rdata = Uint8Array.of(1, 0, iterations >> 8, iterations & 255, salt.length, ...salt)
      apex.sets.set(types.NSEC3PARAM, this.set(origin, types.NSEC3PARAM, 0, [rdata]))
    }
    // A stand-in until the digest is known, so that denials know of it.
    if (zonemd === true) {
      apex.sets.set(types.ZONEMD, this.set(origin, types.ZONEMD, this.zone.soa.ttl, [Zonemd.standIn(this.zone.serial)]))
    }
  }

  /** The names that the zone is authoritative for, in order, and which of them are cuts; glue is not among them. */
  private authoritative(): { readonly signed: ReadonlyArray<Draft>; readonly cuts: ReadonlySet<Draft> } {
    const signed: Array<Draft> = []
    const cuts = new Set<Draft>()
    let below: Name.Name | undefined
    for (const node of this.zone.sorted) {
      if (below !== undefined && Name.isSubdomainOf(node.name, below)) continue
      below = undefined
      const draft = this.nodes.get(keyOf(node.name))
      if (draft === undefined) continue
      if (draft.sets.has(types.NS) && node !== this.zone.apex) {
        cuts.add(draft)
        below = node.name
      } else if (draft.sets.has(types.DNAME)) below = node.name
      signed.push(draft)
    }
    return { signed, cuts }
  }

  private addNsec(signed: ReadonlyArray<Draft>, cuts: ReadonlySet<Draft>): void {
    const named = signed.filter(({ sets }) => sets.size > 0)
    named.forEach((draft, i) => {
      const next = named[(i + 1) % named.length]!.name
      const kept = this.keptNsec(draft, next)
      if (kept !== undefined) return void draft.sets.set(types.NSEC, kept)
      const bits = typeBitmap.make([...typesAt(draft, cuts), types.RRSIG, types.NSEC])
      const rdata = Buffer.concat([Name.toLowerCase(next).octets, bits])
      draft.sets.set(types.NSEC, this.set(draft.name, types.NSEC, this.zone.negativeTtl, [rdata]))
    })
  }

  /** The NSEC of the version before, when nothing of the name has changed and the next name is the same. */
  private keptNsec(draft: Draft, next: Name.Name): RRset.RRset | undefined {
    const { previous } = this.options
    if (previous === undefined) return undefined
    const key = keyOf(draft.name)
    const node = previous.nodes.get(key)
    if (node === undefined || node !== this.zone.nodes.get(key)) return undefined
    const set = node.sets.get(types.NSEC)
    if (set === undefined || set.ttl !== this.zone.negativeTtl) return undefined
    return startsWith(set.rdatas[0]!, next) ? set : undefined
  }

  private addNsec3(signed: ReadonlyArray<Draft>, cuts: ReadonlySet<Draft>): void {
    const { salt = new Uint8Array(0), iterations = 0, optOut = false } = this.options.nsec3 ?? {}
    // Names that were hashed for the signing before are not hashed again.
    const before = this.options.previous === undefined ? undefined : hashedOf.get(this.options.previous)
    const known = before?.iterations === iterations && Buffer.compare(before.salt, salt) === 0 ? before : undefined
    const hashes: Hashed = known ?? { salt, iterations, byName: new Map(), byOwner: new Map() }
    this.hashed = hashes
    const skipped = (draft: Draft) => optOut && cuts.has(draft) && !draft.sets.has(types.DS)
    const counted = signed.filter((draft) => !skipped(draft))
    // Empty names that lead to skipped delegations only are skipped too (RFC 5155 7.1).
    const needed = new Set<string>()
    for (const draft of counted) {
      if (draft.sets.size === 0) continue
      for (let at = draft.name; at.octets.length > this.zone.origin.octets.length; at = Name.parent(at))
        needed.add(keyOf(at))
    }
    const hashed = counted
      .filter((draft) => draft.sets.size > 0 || needed.has(keyOf(draft.name)))
      .map((draft) => ({ draft, hash: hashIn(hashes, draft.name, this.zone.origin) }))
      .toSorted((a, b) => Buffer.compare(a.hash.octets, b.hash.octets))
    const flags = optOut ? 1 : 0
    const head = Uint8Array.of(1, flags, iterations >> 8, iterations & 255, salt.length, ...salt, 20)
    hashed.forEach(({ draft, hash }, i) => {
      const next = hashed[(i + 1) % hashed.length]!.hash.octets
      const set =
        this.keptNsec3(hash.ownerKey, keyOf(draft.name), head, next) ?? this.nsec3(draft, cuts, hash.owner, head, next)
      this.hashes.set(hash.ownerKey, {
        name: set.name,
        sets: new Map([[types.NSEC3, set]]),
        signatures: new Map()
      })
    })
  }

  /** The NSEC3 of the version before, when nothing of the name has changed and the next hash and the parameters are the same. */
  private keptNsec3(ownerKey: string, key: string, head: Uint8Array, next: Uint8Array): RRset.RRset | undefined {
    const { previous } = this.options
    const set = previous?.hashes.get(ownerKey)?.sets.get(types.NSEC3)
    if (set === undefined || set.ttl !== this.zone.negativeTtl) return undefined
    if (previous?.nodes.get(key) !== this.zone.nodes.get(key)) return undefined
    const rdata = set.rdatas[0]!
    const hashAt = head.length
    return Buffer.compare(rdata.subarray(0, hashAt), head) === 0 &&
      Buffer.compare(rdata.subarray(hashAt, hashAt + next.length), next) === 0
      ? set
      : undefined
  }

  private nsec3(
    draft: Draft,
    cuts: ReadonlySet<Draft>,
    owner: Name.Name,
    head: Uint8Array,
    next: Uint8Array
  ): RRset.RRset {
    const present = typesAt(draft, cuts)
    const isSigned = draft.sets.size > 0 && (!cuts.has(draft) || draft.sets.has(types.DS))
    const bits = typeBitmap.make(isSigned ? [...present, types.RRSIG] : present)
    return this.set(owner, types.NSEC3, this.zone.negativeTtl, [Buffer.concat([head, next, bits])])
  }

  private set(name: Name.Name, type: number, ttl: number, rdatas: ReadonlyArray<Uint8Array>): RRset.RRset {
    const old = this.options.previous === undefined ? undefined : this.previousNode(name, type)?.sets.get(type)
    // The set of the signing before is the same object, and all that was worked out of it is still there.
    if (old !== undefined && old.ttl === ttl && sameOctets(old.rdatas, rdatas)) return old
    return RRset.make(rdatas.map((rdata) => RRset.recordOf({ name, type, class: this.zone.class, ttl, rdata })))
  }

  /** Plans the signatures of a set. */
  private add(draft: Draft, set: RRset.RRset): void {
    this.sets.push(set)
    const before = this.previousOf(set)
    for (const key of signersOf(this.options.keys, set.type)) {
      const kept = this.knownBefore.has(key)
        ? before.find(({ rrsig }) => rrsig.keyTag === key.dnskey.tag && rrsig.algorithm === key.dnskey.algorithm)
        : undefined
      if (kept !== undefined) {
        listAt(draft.signatures, set.type).push(kept.record)
        continue
      }
      const fields = {
        typeCovered: set.type,
        algorithm: key.dnskey.algorithm,
        labels: Rrsig.countLabels(set.name),
        originalTtl: set.ttl,
        expiration: this.options.expiration >>> 0,
        inception: this.options.inception >>> 0,
        keyTag: key.dnskey.tag,
        signer: this.zone.origin
      }
      const octets = () =>
        Rrsig.signedOctets({
          ...fields,
          head: Rrsig.head(fields),
          owner: set.name,
          type: set.type,
          class: Class.codeOf(set.class) ?? Class.IN,
          rdatas: set.rdatas
        })
      // Its place among the others, whichever is done first.
      const list = listAt(draft.signatures, set.type)
      const at = list.length
      list.length++
      const done = (signature: Uint8Array) => {
        const record = ResourceRecord.make({
          name: set.name,
          type: "RRSIG",
          class: set.class,
          ttl: set.ttl,
          data: { ...fields, typeCovered: Type.nameOf(set.type), signature }
        })
        list[at] = record
      }
      this.jobs.push({ key, octets, done })
    }
  }

  private previousNode(name: Name.Name, type: number): Zone.Node | undefined {
    const { previous } = this.options
    return (type === types.NSEC3 ? previous?.hashes : previous?.nodes)?.get(keyOf(name))
  }

  /** The signatures that the set had, when it is the same set and they are good for a while. */
  private previousOf(set: RRset.RRset) {
    const { inception, expiration } = this.options
    const node = this.previousNode(set.name, set.type)
    const old = node?.sets.get(set.type)
    if (node === undefined || old === undefined || (old !== set && !(old.ttl === set.ttl && RRset.sameData(old, set))))
      return []
    // What is left of its life, measured by when this signing's signatures begin, is more than a third of theirs.
    const least = inception + (expiration - inception) / 3
    return (node.signatures.get(set.type) ?? []).flatMap((record) => {
      const data = (record as ResourceRecord.Of<"RRSIG">).data
      return data.expiration > least && data.inception <= expiration ? [{ record, rrsig: data }] : []
    })
  }
}

/**
 * Whether a signature of the version before that names this key's tag and algorithm can only be this key's. Tags are 16 bits and no
 * names (RFC 4034 appendix B): a key rolled to may have the tag of the one before it.
 */
const wasOnlyOneOfTag = ({ dnskey }: SigningKey, before: ReadonlyArray<Dnskey.Dnskey>): boolean => {
  const alike = before.filter(({ tag, algorithm }) => tag === dnskey.tag && algorithm === dnskey.algorithm)
  return alike.length === 1 && Buffer.compare(alike[0]!.rdata, dnskey.rdata) === 0
}

/** Whether an NSEC leads to the name. */
const startsWith = (rdata: Uint8Array, next: Name.Name): boolean => {
  for (let i = 0; i < next.octets.length; i++) if (rdata[i] !== fold[next.octets[i]!]) return false
  return true
}

/** Whether a draft holds what a node does: the very sets and records, not others like them. */
const isSame = (node: Zone.Node, draft: Draft): boolean => {
  if (node.sets.size !== draft.sets.size || node.signatures.size !== draft.signatures.size) return false
  for (const [type, set] of draft.sets) if (node.sets.get(type) !== set) return false
  for (const [type, records] of draft.signatures) {
    const old = node.signatures.get(type)
    if (old?.length !== records.length || records.some((record, i) => record !== old[i])) return false
  }
  return true
}

const listAt = <A>(map: Map<number, Array<A>>, type: number): Array<A> => {
  let list = map.get(type)
  if (list === undefined) map.set(type, (list = []))
  return list
}

const typesAt = (draft: Draft, cuts: ReadonlySet<Draft>): ReadonlyArray<number> =>
  Array.from(draft.sets.keys()).filter((type) => !cuts.has(draft) || type === types.NS || type === types.DS)

/** Of each algorithm: keys with SEP sign the keys, those without it the rest; if there is only one sort, it signs all. */
const signersOf = (keys: ReadonlyArray<SigningKey>, type: number): ReadonlyArray<SigningKey> => {
  const forKeys = type === types.DNSKEY || type === types.CDS || type === types.CDNSKEY
  return keys.filter((key) => {
    const peers = keys.filter(({ dnskey }) => dnskey.algorithm === key.dnskey.algorithm)
    return isSep(key) === forKeys || !peers.some((peer) => isSep(peer) === forKeys)
  })
}
