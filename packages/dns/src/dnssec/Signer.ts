/**
 * Keeps a zone signed: each change is signed as part of the version that brings it, and signatures are made anew before they run
 * out. What has not changed keeps its signatures, so a change costs a few of them, and IXFR carries just those. Nor are names looked
 * at that it does not touch, but where there is a digest of the zone, or NSEC3 with opt-out: there all of them are, ten to twenty
 * milliseconds for each thousand, on this thread.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Name, ResourceRecord } from "../wire/index.ts"
import * as Serial from "../zone/Serial.ts"
import { edit, type Transaction } from "../zone/Transaction.ts"
import type { Zone } from "../zone/Zone.ts"
import type { ZoneStore } from "../zone/ZoneStore.ts"
import * as limits from "./limits.ts"
import { sign, signSync, type Options as SignOptions } from "./sign.ts"
import { signChange } from "./signChange.ts"

/** As for `sign`, with how long signatures hold. */
export interface Options extends Omit<SignOptions, "previous" | "inception" | "expiration"> {
  /** Seconds for which a signature is made: 14 days unless told. A third of it before its end it is made anew. */
  readonly validity?: number
}

export class Signer {
  private readonly options: Options
  private readonly validity: number
  /** Versions that were signed here, and the seconds since 1970 at which their first signature ends, or sooner. */
  private readonly own = new WeakMap<Zone, number>()

  constructor(options: Options) {
    this.options = options
    this.validity = options.validity ?? limits.signatureValidity
  }

  private optionsAt(now: number, previous: Zone) {
    return {
      ...this.options,
      inception: now - limits.inceptionOffset,
      expiration: now + this.validity,
      previous
    }
  }

  /**
   * A changed zone with the signatures that it needs, in place of the version before: what `afterUpdate` of a server calls. `now` is
   * in seconds since 1970. On this thread, since an update is answered when it is done.
   */
  readonly resign = (changed: Zone, before: Zone, now: number): Zone => {
    const options = { ...this.optionsAt(now, before), now }
    const first = this.own.get(before)
    const part = first === undefined || this.due(before) <= now ? undefined : signChange(changed, options)
    if (part === undefined) return this.keep(signSync(changed, options))
    this.own.set(part, Math.min(first!, options.expiration))
    return part
  }

  /** Edits the zone that a store holds, and signs, as one version. Throws `ZoneError` and changes nothing. */
  edit(store: ZoneStore, origin: Name.Name, change: (transaction: Transaction) => void, now: number): Zone {
    return store.edit(origin, change, (zone, before) => this.resign(zone, before, now))
  }

  /** A new version of the zone, with a serial of its own, that is good for a while. */
  readonly renew = (zone: Zone): Effect.Effect<Zone> =>
    Effect.flatMap(Clock.currentTimeMillis, (millis) => {
      const now = Math.floor(millis / 1_000)
      const { zone: next } = edit(zone, (transaction) => transaction.setSerial(Serial.next(zone.serial)))
      return Effect.map(sign(next, this.optionsAt(now, zone)), (signed) => this.keep(signed))
    })

  /** Seconds since 1970 at which the first signature is to be made anew, or sooner; at once for a version that was not signed here. */
  due(zone: Zone): number {
    const first = this.own.get(zone)
    if (first === undefined) return 0
    // As `sign` has it: kept while more than a third of a new one's life is left.
    return first + limits.inceptionOffset - Math.floor((this.validity + limits.inceptionOffset) / 3)
  }

  private keep(zone: Zone): Zone {
    this.own.set(zone, firstEnd(zone))
    // What changes it looks for neighbours in its order.
    void zone.sorted
    return zone
  }
}

const firstEnd = (zone: Zone): number => {
  let first = Infinity
  for (const nodes of [zone.nodes, zone.hashes]) {
    for (const node of nodes.values()) {
      for (const records of node.signatures.values()) {
        for (const record of records) first = Math.min(first, (record as ResourceRecord.Of<"RRSIG">).data.expiration)
      }
    }
  }
  return first
}

/**
 * Signs the zone that a store holds, now if it is not, after every change that was not signed, and before signatures run out; until
 * the scope closes. Interrupting in the midst of it leaves the version there is.
 */
export const keepSigned = (
  store: ZoneStore,
  origin: Name.Name,
  options: Options
): Effect.Effect<Signer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const signer = new Signer(options)
    const changed = yield* Queue.sliding<void>(1)
    yield* Effect.acquireRelease(
      Effect.sync(() => store.onChange(() => void Queue.offerUnsafe(changed, undefined))),
      (stop) => Effect.sync(stop)
    )
    const turn = Effect.gen(function* () {
      const zone = store.get(origin)
      if (zone === undefined) return yield* Queue.take(changed)
      const wait = signer.due(zone) * 1_000 - (yield* Clock.currentTimeMillis)
      if (wait > 0) return yield* Effect.race(Queue.take(changed), Effect.sleep(wait))
      const signed = yield* signer.renew(zone)
      // Changed while it was being signed: that version is signed in its turn.
      if (store.get(origin) === zone) store.put(signed)
    })
    yield* Effect.forkScoped(Effect.forever(turn))
    return signer
  })
