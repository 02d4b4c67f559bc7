/**
 * Signs a zone: DNSKEY, RRSIG, NSEC or NSEC3, and on request CDS, CDNSKEY and ZONEMD. RFC 4035 2, 5155 7.1, 7344, 8976.
 *
 * What signing takes is nearly all cryptography: `sign` has it done on the threads of libuv's pool, so that the loop goes
 * on; `signSync` does it at once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Class, Name, ResourceRecord, Type } from "../wire/index.ts"
import { keyOf } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import * as Zone from "../zone/Zone.ts"
import * as Algorithm from "./Algorithm.ts"
import * as Dnskey from "./Dnskey.ts"
import { nsec3Hash } from "./nsec3Hash.ts"
import * as Rrsig from "./Rrsig.ts"
import { isSep, type SigningKey } from "./SigningKey.ts"
import * as typeBitmap from "./typeBitmap.ts"
import * as Zonemd from "./Zonemd.ts"

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

/** Signatures in flight at once: enough for every thread of the pool. */
const inFlight = 64

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

const defaults = (now: number) => ({
  inception: Math.floor(now / 1_000) - 3_600,
  expiration: Math.floor(now / 1_000) + 14 * 86_400
})

const runJobs = (jobs: ReadonlyArray<Job>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let next = 0
    let open = 0
    let stopped = false
    const start = () => {
      while (open < inFlight && next < jobs.length) {
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

const dnssecTypes = new Set([types.RRSIG, types.NSEC, types.NSEC3, types.NSEC3PARAM])

class Plan {
  readonly jobs: Array<Job> = []
  private readonly zone: Zone.Zone
  private readonly options: Options & { readonly inception: number; readonly expiration: number }
  private readonly nodes = new Map<string, Draft>()
  private readonly hashes = new Map<string, Draft>()

  constructor(zone: Zone.Zone, options: Options & { readonly inception: number; readonly expiration: number }) {
    this.zone = zone
    this.options = options
    for (const [key, node] of zone.nodes) {
      const sets = new Map(Array.from(node.sets).filter(([type]) => !dnssecTypes.has(type)))
      this.nodes.set(key, { name: node.name, sets, signatures: new Map() })
    }
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

  /** The signed zone, when all jobs are done. */
  finish(): Zone.Zone {
    const build = (drafts: Map<string, Draft>) =>
      new Map(
        Array.from(drafts, ([key, draft]) => [key, new Zone.Node(draft.name, draft.sets, draft.signatures)] as const)
      )
    const signed = () => new Zone.Zone(this.zone.origin, build(this.nodes), build(this.hashes))
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
    const { keys, childDs, nsec3, denial, zonemd } = this.options
    const ttl = this.zone.soa.ttl
    // Keys that are already in the zone stay: another signer's (RFC 8901), or a standby.
    const others = apex.sets.get(types.DNSKEY)?.rdatas ?? []
    const own = keys.map(({ dnskey }) => dnskey.rdata)
    const all = [...own, ...others.filter((rdata) => !own.some((mine) => Buffer.compare(mine, rdata) === 0))]
    if (all.length > 0) apex.sets.set(types.DNSKEY, this.set(origin, types.DNSKEY, ttl, all))
    if (childDs === true) {
      const seps = keys.filter(isSep).map(({ dnskey }) => dnskey)
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
    if (denial === "nsec3") {
      const salt = nsec3?.salt ?? new Uint8Array(0)
      const iterations = nsec3?.iterations ?? 0
      const rdata = Uint8Array.of(1, 0, iterations >> 8, iterations & 255, salt.length, ...salt)
      apex.sets.set(types.NSEC3PARAM, this.set(origin, types.NSEC3PARAM, 0, [rdata]))
    }
    // A stand-in until the digest is known, so that denials know of it.
    if (zonemd === true) {
      apex.sets.set(types.ZONEMD, this.set(origin, types.ZONEMD, ttl, [Zonemd.standIn(this.zone.serial)]))
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
      const draft = this.nodes.get(keyOf(node.name))!
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
      const bits = typeBitmap.make([...typesAt(draft, cuts), types.RRSIG, types.NSEC])
      const rdata = Buffer.concat([Name.toLowerCase(next).octets, bits])
      draft.sets.set(types.NSEC, this.set(draft.name, types.NSEC, this.zone.negativeTtl, [rdata]))
    })
  }

  private addNsec3(signed: ReadonlyArray<Draft>, cuts: ReadonlySet<Draft>): void {
    const { salt = new Uint8Array(0), iterations = 0, optOut = false } = this.options.nsec3 ?? {}
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
      .map((draft) => ({ draft, hash: nsec3Hash.octets(draft.name, { salt, iterations }) }))
      .toSorted((a, b) => Buffer.compare(a.hash, b.hash))
    hashed.forEach(({ draft, hash }, i) => {
      const next = hashed[(i + 1) % hashed.length]!.hash
      const present = typesAt(draft, cuts)
      const isSigned = draft.sets.size > 0 && (!cuts.has(draft) || draft.sets.has(types.DS))
      const bits = typeBitmap.make(isSigned ? [...present, types.RRSIG] : present)
      const rdata = Buffer.concat([
        Uint8Array.of(1, optOut ? 1 : 0, iterations >> 8, iterations & 255, salt.length),
        salt,
        Uint8Array.of(next.length),
        next,
        bits
      ])
      const label = nsec3Hash.toBase32(hash)
      const owner = Name.fromOctets(Uint8Array.of(label.length, ...Buffer.from(label), ...this.zone.origin.octets))
      const sets = new Map([[types.NSEC3, this.set(owner, types.NSEC3, this.zone.negativeTtl, [rdata])]])
      this.hashes.set(keyOf(owner), { name: owner, sets, signatures: new Map() })
    })
  }

  private set(name: Name.Name, type: number, ttl: number, rdatas: ReadonlyArray<Uint8Array>): RRset.RRset {
    const old = this.options.previous === undefined ? undefined : this.previousNode(name, type)?.sets.get(type)
    // The set of the signing before is the same object, and all that was worked out of it is still there.
    if (old !== undefined && old.ttl === ttl && sameOctets(old.rdatas, rdatas)) return old
    return RRset.make(rdatas.map((rdata) => RRset.recordOf({ name, type, class: this.zone.class, ttl, rdata })))
  }

  /** Plans the signatures of a set. */
  private add(draft: Draft, set: RRset.RRset): void {
    const before = this.previousOf(set)
    for (const key of signersOf(this.options.keys, set.type)) {
      const kept = before.find(
        ({ rrsig }) => rrsig.keyTag === key.dnskey.tag && rrsig.algorithm === key.dnskey.algorithm
      )
      if (kept !== undefined) {
        push(draft.signatures, set.type, kept.record)
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
      const done = (signature: Uint8Array) => {
        const record = ResourceRecord.make({
          name: set.name,
          type: "RRSIG",
          class: set.class,
          ttl: set.ttl,
          data: { ...fields, typeCovered: Type.nameOf(set.type), signature }
        })
        push(draft.signatures, set.type, record)
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

const sameOctets = (a: ReadonlyArray<Uint8Array>, b: ReadonlyArray<Uint8Array>): boolean =>
  a.length === b.length && a.every((octets, i) => Buffer.compare(octets, b[i]!) === 0)

const push = <A>(map: Map<number, Array<A>>, type: number, value: A): void => {
  const list = map.get(type)
  if (list === undefined) map.set(type, [value])
  else list.push(value)
}

const typesAt = (draft: Draft, cuts: ReadonlySet<Draft>): ReadonlyArray<number> =>
  Array.from(draft.sets.keys()).filter((type) => !cuts.has(draft) || type === types.NS || type === types.DS)

/** Of each algorithm: keys with SEP sign the keys, those without it the rest; if there is only one sort, it signs all. */
export const signersOf = (keys: ReadonlyArray<SigningKey>, type: number): ReadonlyArray<SigningKey> => {
  const forKeys = type === types.DNSKEY || type === types.CDS || type === types.CDNSKEY
  return keys.filter((key) => {
    const peers = keys.filter(({ dnskey }) => dnskey.algorithm === key.dnskey.algorithm)
    return isSep(key) === forKeys || !peers.some((peer) => isSep(peer) === forKeys)
  })
}
