/** Whether a record set is signed by one of a zone's keys: RFC 4035 5.3. */
import { hash, type KeyObject } from "node:crypto"
import * as Effect from "effect/Effect"
import { Class, Name, Type } from "../wire/index.ts"
import type { RRset } from "../zone/RRset.ts"
import * as Algorithm from "./Algorithm.ts"
import type { Budget } from "./Budget.ts"
import * as Dnskey from "./Dnskey.ts"
import type { Failure } from "./Failure.ts"
import * as limits from "./limits.ts"
import * as Rrsig from "./Rrsig.ts"

/** A signature that holds. */
export interface Verified {
  readonly rrsig: Rrsig.Rrsig
  readonly key: Dnskey.Dnskey
  /** The closest encloser, when the set was expanded from a wildcard: then it is to be proven that nothing is closer. */
  readonly encloser: Name.Name | undefined
  /** Seconds the set may be kept: no longer than the signature holds, nor than the TTL that was signed. */
  readonly ttl: number
}

/** At which time, and within which bounds. */
export interface Options {
  readonly zone: Name.Name
  readonly keys: ReadonlyArray<Dnskey.Dnskey>
  /** Seconds since 1970. */
  readonly now: number
  readonly budget: Budget
  /** Whether a key that is revoked will do: for the DNSKEY set that revokes it (RFC 5011 2.1). */
  readonly revoked?: boolean
}

/** The first signature that holds, or why none does: the reason of the one that came closest. */
export const verify = (set: RRset, signatures: ReadonlyArray<Rrsig.Rrsig>, options: Options): Verified | Failure => {
  const walk = checks(set, signatures, options)
  let step = walk.next()
  while (step.done !== true) {
    const { algorithm, key, octets, signature } = step.value
    step = walk.next(Algorithm.verify(algorithm, key, octets, signature))
  }
  return step.value
}

/**
 * As `verify`, the arithmetic on threads of libuv's pool: for many at once, which then use every processor and leave the loop free.
 * One alone comes later by the way there and back, some 30 us.
 */
export const verifyOnPool = (
  set: RRset,
  signatures: ReadonlyArray<Rrsig.Rrsig>,
  options: Options
): Effect.Effect<Verified | Failure> =>
  Effect.callback<Verified | Failure>((resume) => {
    const walk = checks(set, signatures, options)
    let stopped = false
    const go = (step: IteratorResult<Check, Verified | Failure>) => {
      if (step.done === true) return resume(Effect.succeed(step.value))
      const { algorithm, key, octets, signature } = step.value
      Algorithm.verifyLater(algorithm, key, octets, signature, (holds) => {
        if (!stopped) go(walk.next(holds))
      })
    }
    go(walk.next())
    return Effect.sync(() => {
      stopped = true
    })
  })

/** A signature that is to be checked. */
interface Check {
  readonly algorithm: number
  readonly key: KeyObject
  readonly octets: Uint8Array
  readonly signature: Uint8Array
}

/** All but the arithmetic: gives what is to be checked, one after the other, and is told whether it holds. */
function* checks(
  set: RRset,
  signatures: ReadonlyArray<Rrsig.Rrsig>,
  options: Options
): Generator<Check, Verified | Failure, boolean> {
  let failure: Failure | undefined
  const fail = (reason: Failure["reason"], detail: string) => {
    if (failure === undefined || closeness(reason) >= closeness(failure.reason)) failure = { reason, detail }
  }
  const what = () => `${Name.toText(set.name)} ${Type.nameOf(set.type)}`
  let checked = 0
  for (const rrsig of signatures) {
    if (rrsig.typeCovered !== set.type) continue
    if (!Name.equals(rrsig.signer, options.zone) || !Name.isSubdomainOf(set.name, rrsig.signer)) {
      fail(
        "SignatureWrongSigner",
        `${what()} is signed by ${Name.toText(rrsig.signer)}, not ${Name.toText(options.zone)}`
      )
      continue
    }
    const labels = Rrsig.countLabels(set.name)
    if (rrsig.labels > labels || rrsig.labels < Name.countLabels(options.zone)) {
      fail("SignatureWrongLabels", `${what()} has ${labels} labels, its signature says ${rrsig.labels}`)
      continue
    }
    const period = periodOf(rrsig, options.now)
    if (period !== undefined) {
      fail(period, `the signature of ${what()} by key ${rrsig.keyTag} is not valid now`)
      continue
    }
    const candidates = options.keys.filter((key) => key.tag === rrsig.keyTag && key.algorithm === rrsig.algorithm)
    if (candidates.length === 0) {
      fail("KeyMissing", `${what()} is signed by key ${rrsig.keyTag}, which ${Name.toText(options.zone)} does not have`)
      continue
    }
    for (const key of candidates.slice(0, limits.keysPerSignature)) {
      if (!Dnskey.signsZone(key)) {
        fail("KeyNotForZone", `key ${key.tag} of ${Name.toText(options.zone)} is not for signing its zone`)
        continue
      }
      if (Dnskey.isRevoked(key) && options.revoked !== true) {
        fail("KeyRevoked", `key ${key.tag} of ${Name.toText(options.zone)} is revoked`)
        continue
      }
      const octets = Rrsig.signedOctets({
        head: rrsig.head,
        owner: set.name,
        labels: rrsig.labels,
        type: set.type,
        class: Class.codeOf(set.class) ?? Class.IN,
        originalTtl: rrsig.originalTtl,
        rdatas: set.rdatas
      })
      const id = idOf(key, octets, rrsig.signature)
      const known = remembered.has(id)
      if (!known && (++checked > limits.signaturesPerSet || --options.budget.signatures < 0)) {
        return { reason: "TooMuchWork", detail: `too many signatures and keys for ${what()}` }
      }
      // Looking at what is no key costs as much as at one that is: it was counted.
      const usable = known ? undefined : keyObject(key)
      if (!known && usable === undefined) {
        fail(
          "KeyMalformed",
          `key ${key.tag} of ${Name.toText(options.zone)} is not a key of algorithm ${key.algorithm}`
        )
        continue
      }
      if (known || (yield { algorithm: key.algorithm, key: usable!, octets, signature: rrsig.signature })) {
        if (!known) remember(id)
        return {
          rrsig,
          key,
          encloser: rrsig.labels < labels ? ancestorOf(set.name, rrsig.labels) : undefined,
          ttl: Math.min(set.ttl, rrsig.originalTtl, Math.max(0, (rrsig.expiration - options.now) | 0))
        }
      }
      fail("SignatureInvalid", `the signature of ${what()} by key ${key.tag} does not hold`)
    }
  }
  return failure ?? { reason: "SignatureMissing", detail: `${what()} has no signature` }
}

/** Serial arithmetic: times are modulo 2^32 (RFC 4034 3.1.5). */
const periodOf = (rrsig: Rrsig.Rrsig, now: number): "SignatureExpired" | "SignatureNotYetValid" | undefined => {
  if (((rrsig.expiration - rrsig.inception) | 0) < 0) return "SignatureExpired"
  if (((rrsig.expiration - now) | 0) < 0) return "SignatureExpired"
  return ((now - rrsig.inception) | 0) < 0 ? "SignatureNotYetValid" : undefined
}

const order: ReadonlyArray<Failure["reason"]> = [
  "SignatureMissing",
  "SignatureWrongSigner",
  "KeyMissing",
  "KeyNotForZone",
  "KeyRevoked",
  "KeyMalformed",
  "SignatureWrongLabels",
  "SignatureNotYetValid",
  "SignatureExpired",
  "SignatureInvalid"
]

const closeness = (reason: Failure["reason"]): number => order.indexOf(reason)

/** The name's last labels. */
export const ancestorOf = (name: Name.Name, labels: number): Name.Name => {
  let at = 0
  for (let i = Name.countLabels(name); i > labels; i--) at += name.octets[at]! + 1
  return at === 0 ? name : Name.fromOctets(name.octets.subarray(at))
}

/**
 * Signatures that were found to hold, by a digest of key, octets and signature: a set is fetched anew whenever its TTL is
 * over, but its signature lasts for weeks. Times are checked each time; what does not hold is not remembered, so that
 * forgeries cannot push out what is.
 */
const remembered = new Set<string>()

const idOf = (key: Dnskey.Dnskey, octets: Uint8Array, signature: Uint8Array): string =>
  hash("sha256", Buffer.concat([key.rdata, octets, signature]), "base64")

const remember = (id: string): void => {
  if (remembered.size >= limits.signaturesKept) remembered.delete(remembered.values().next().value!)
  remembered.add(id)
}

/** Forgets every signature that was found to hold: for measuring. */
export const forgetSignatures = (): void => remembered.clear()

/** Keys ready for use, by algorithm and octets: importing one costs as much as using it. */
const ready = new Map<string, KeyObject | undefined>()

export const keyObject = (key: Dnskey.Dnskey): KeyObject | undefined => {
  const at = readyOf.get(key)
  if (at !== undefined) return at
  const made = keyObjectOf(key)
  if (made !== undefined) readyOf.set(key, made)
  return made
}

const readyOf = new WeakMap<Dnskey.Dnskey, KeyObject>()

const keyObjectOf = (key: Dnskey.Dnskey): KeyObject | undefined => {
  const id = `${key.algorithm} ${Buffer.from(key.publicKey).toString("latin1")}`
  if (ready.has(id)) return ready.get(id)
  const made = Algorithm.publicKey(key.algorithm, key.publicKey)
  if (ready.size >= limits.keysKept) ready.delete(ready.keys().next().value!)
  ready.set(id, made)
  return made
}

/** The signatures among records that cover a type at a name. */
export const signaturesOf = (
  set: RRset,
  rrsigs: ReadonlyArray<{ readonly name: Name.Name; readonly rrsig: Rrsig.Rrsig }>
) =>
  rrsigs
    .filter(({ name, rrsig }) => rrsig.typeCovered === set.type && Name.equals(name, set.name))
    .map(({ rrsig }) => rrsig)
