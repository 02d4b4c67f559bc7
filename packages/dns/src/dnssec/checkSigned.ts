/**
 * Whether a whole zone is signed as it must be, without asking anybody: what `dnssec-verify` and `ldns-verify-zone` look at. The
 * signatures are checked on the threads of libuv's pool, so that the loop goes on and many processors work.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Class, Name, ResourceRecord, Type } from "../wire/index.ts"
import { keyOf } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import type * as Zone from "../zone/Zone.ts"
import * as Algorithm from "./Algorithm.ts"
import * as Dnskey from "./Dnskey.ts"
import type { Reason } from "./Failure.ts"
import * as limits from "./limits.ts"
import * as Rrsig from "./Rrsig.ts"
import { setsToSign } from "./sign.ts"
import { keyObject } from "./verify.ts"

/** What is wrong with the signatures of one set, and why. */
export interface Problem {
  readonly owner: Name.Name
  /** The mnemonic of the set's type. */
  readonly type: string
  readonly reason: Reason
  readonly detail: string
}

/**
 * All that is wrong: sets without a signature that holds now, of each algorithm that the zone has keys of (RFC 4035 2.2), and
 * denials that are missing, too many, or say other than what the zone has. None when it is right. Interrupting stops it.
 */
export const checkSigned = (zone: Zone.Zone): Effect.Effect<ReadonlyArray<Problem>> =>
  Effect.flatMap(Clock.currentTimeMillis, (millis) => {
    const check = new Check(zone, Math.floor(millis / 1_000))
    return Effect.map(run(check.jobs), () => check.finish())
  })

type Job = (done: () => void) => void

class Check {
  readonly jobs: Array<Job> = []
  private readonly zone: Zone.Zone
  private readonly now: number
  private readonly problems: Array<Problem> = []
  private readonly keys: ReadonlyArray<Dnskey.Dnskey>
  /** Algorithms by which nothing has been found to hold yet. */
  private readonly open: Array<{ readonly set: RRset.RRset; readonly algorithms: Map<number, [Reason, string]> }> = []

  constructor(zone: Zone.Zone, now: number) {
    this.zone = zone
    this.now = now
    const keys = (zone.apex.sets.get(types.DNSKEY)?.rdatas ?? []).map(Dnskey.read).filter((key) => key !== undefined)
    this.keys = keys.filter((key) => Dnskey.signsZone(key) && !Dnskey.isRevoked(key))
    if (this.keys.length === 0) {
      this.tell(zone.apex.name, types.DNSKEY, "KeyMissing", "the zone has no key that signs")
      return
    }
    const chain = chainOf(zone)
    const most = limits.nsec3Iterations.max
    if ((chain.nsec3?.iterations ?? 0) > most) {
      // Each name of the zone would be hashed so often; none that is in use has more (RFC 5155 10.3).
      this.tell(zone.apex.name, types.NSEC3PARAM, "TooMuchWork", `more than ${most} iterations are not looked at`)
      return
    }
    let hashes = 0
    for (const wanted of setsToSign(zone, chain)) {
      const node = (wanted.type === types.NSEC3 ? zone.hashes : zone.nodes).get(keyOf(wanted.name))
      const set = node?.sets.get(wanted.type)
      if (wanted.type === types.NSEC3) hashes++
      if (set === undefined) {
        this.tell(wanted.name, wanted.type, "DenialMissing", "there is none")
        continue
      }
      const isDenial = wanted.type === types.NSEC || wanted.type === types.NSEC3
      if (isDenial && !RRset.sameData(set, wanted)) {
        this.tell(wanted.name, wanted.type, "DenialContradicts", "it does not say what the zone has")
      }
      this.plan(set, node!.signatures.get(wanted.type) ?? [])
    }
    if (zone.hashes.size > hashes) {
      this.tell(
        zone.apex.name,
        types.NSEC3,
        "DenialContradicts",
        `${zone.hashes.size - hashes} of names that are not there`
      )
    }
  }

  /** What was found; when all jobs are done. */
  finish(): ReadonlyArray<Problem> {
    for (const { set, algorithms } of this.open) {
      for (const [reason, detail] of algorithms.values()) this.tell(set.name, set.type, reason, detail)
    }
    return this.problems
  }

  private tell(owner: Name.Name, code: number, reason: Reason, detail: string): void {
    const type = Type.nameOf(code)
    this.problems.push({ owner, type, reason, detail: `${Name.toText(owner)} ${type}: ${detail}` })
  }

  private plan(set: RRset.RRset, records: ReadonlyArray<ResourceRecord.ResourceRecord>): void {
    const algorithms = new Map<number, [Reason, string]>()
    for (const { algorithm } of this.keys) {
      if (Algorithm.isSupported(algorithm))
        algorithms.set(algorithm, ["SignatureMissing", `no signature of algorithm ${algorithm}`])
    }
    this.open.push({ set, algorithms })
    for (const record of records) {
      const rrsig = Rrsig.read(ResourceRecord.dataOctets(record))
      if (rrsig === undefined || !algorithms.has(rrsig.algorithm)) continue
      const wrong = this.wrongWith(set, rrsig)
      if (wrong !== undefined) {
        algorithms.set(rrsig.algorithm, wrong)
        continue
      }
      const octets = Rrsig.signedOctets({
        ...rrsig,
        owner: set.name,
        type: set.type,
        class: Class.codeOf(set.class) ?? Class.IN,
        rdatas: set.rdatas
      })
      for (const key of this.keys) {
        const usable = key.tag === rrsig.keyTag && key.algorithm === rrsig.algorithm ? keyObject(key) : undefined
        if (usable === undefined) continue
        this.jobs.push((done) =>
          Algorithm.verifyLater(key.algorithm, usable, octets, rrsig.signature, (holds) => {
            if (holds) algorithms.delete(key.algorithm)
            else if (algorithms.has(key.algorithm)) {
              algorithms.set(key.algorithm, ["SignatureInvalid", `the signature by key ${key.tag} does not hold`])
            }
            done()
          })
        )
      }
    }
  }

  private wrongWith(set: RRset.RRset, rrsig: Rrsig.Rrsig): [Reason, string] | undefined {
    if (!Name.equals(rrsig.signer, this.zone.origin)) {
      return ["SignatureWrongSigner", `signed by ${Name.toText(rrsig.signer)}`]
    }
    if (rrsig.labels !== Rrsig.countLabels(set.name)) {
      return ["SignatureWrongLabels", `its signature says ${rrsig.labels} labels`]
    }
    if (((rrsig.expiration - this.now) | 0) < 0)
      return ["SignatureExpired", `the signature by key ${rrsig.keyTag} is over`]
    if (((this.now - rrsig.inception) | 0) < 0) {
      return ["SignatureNotYetValid", `the signature by key ${rrsig.keyTag} is not valid yet`]
    }
    return this.keys.some((key) => key.tag === rrsig.keyTag && key.algorithm === rrsig.algorithm)
      ? undefined
      : ["KeyMissing", `signed by key ${rrsig.keyTag}, which the zone does not have`]
  }
}

/** How the zone denies: by NSEC3 with these parameters when it has NSEC3PARAM, else by NSEC. */
const chainOf = (zone: Zone.Zone): Parameters<typeof setsToSign>[1] => {
  const rdata = zone.apex.sets.get(types.NSEC3PARAM)?.rdatas[0]
  if (rdata === undefined) return { denial: "nsec" }
  const first = zone.hashes.values().next().value?.sets.get(types.NSEC3)?.rdatas[0]
  return {
    denial: "nsec3",
    nsec3: {
      iterations: (rdata[2]! << 8) | rdata[3]!,
      salt: rdata.slice(5, 5 + rdata[4]!),
      optOut: first !== undefined && (first[1]! & 1) !== 0
    }
  }
}

const run = (jobs: ReadonlyArray<Job>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let next = 0
    let open = 0
    let stopped = false
    const start = () => {
      while (!stopped && open < limits.inFlight && next < jobs.length) {
        open++
        jobs[next++]!(() => {
          open--
          if (stopped) return
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
