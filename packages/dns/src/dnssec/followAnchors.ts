/**
 * Keeps trust anchors fresh (RFC 5011 2.3): asks for the keys of each anchor's zone as often as told there, and has the anchors
 * take note of what came. Never more than once an hour, at least every 15 days.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Message, type Name, ResourceRecord } from "../wire/index.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import { keyOf } from "../zone/canonical.ts"
import * as limits from "./limits.ts"
import * as Rrsig from "./Rrsig.ts"
import type { Tracked, TrustAnchors } from "./TrustAnchors.ts"

/** The anchors, how to ask for their keys, and who is told of changes. */
export interface Options<E, R> {
  readonly anchors: TrustAnchors
  /** Asks for a name and type (a code) with DO and CD set. */
  readonly fetch: (name: Name.Name, type: number) => Effect.Effect<Message.Message, E, R>
  /** Called when the states of a zone's keys have changed: what is to be stored, and taken up by `TrustAnchors.restore`. */
  readonly onChange?: (zone: Name.Name, tracked: ReadonlyArray<Tracked>) => void
}

/** Follows every anchor there is, until the scope closes. A zone that cannot be had is asked again after an hour or more. */
export const followAnchors = <E, R>(options: Options<E, R>): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.forEach(options.anchors.zones(), (zone) => Effect.forkScoped(Effect.forever(turn(zone, options))), {
    discard: true
  })

const turn = <E, R>(zone: Name.Name, { anchors, fetch, onChange }: Options<E, R>): Effect.Effect<void, never, R> =>
  Effect.gen(function* () {
    const answer = yield* Effect.result(fetch(zone, types.DNSKEY))
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
    const found = answer._tag === "Failure" ? undefined : keysIn(answer.success, zone)
    if (found === undefined) return yield* Effect.sleep(limits.anchorRetry.min * 1_000)
    const { set, signatures } = found
    if (anchors.observe(set, signatures, now)) onChange?.(zone, anchors.tracked(zone))
    yield* Effect.sleep(interval(set.ttl, signatures, anchors.isVouched(set, signatures, now)) * 1_000)
  })

const keysIn = (message: Message.Message, zone: Name.Name) => {
  const own = message.answers.filter(({ name }) => keyOf(name) === keyOf(zone))
  const keys = own.filter((record) => RRset.typeOf(record) === types.DNSKEY)
  if (keys.length === 0) return undefined
  const signatures = own
    .filter((record) => RRset.typeOf(record) === types.RRSIG)
    .map((record) => Rrsig.read(ResourceRecord.dataOctets(record)))
    .filter((rrsig) => rrsig !== undefined && rrsig.typeCovered === types.DNSKEY)
  return { set: RRset.make(keys), signatures: signatures as ReadonlyArray<Rrsig.Rrsig> }
}

/** Seconds until the keys are asked for again: half of the lesser of TTL and the signatures' life; a tenth after a failure. */
const interval = (ttl: number, signatures: ReadonlyArray<Rrsig.Rrsig>, holds: boolean): number => {
  const life = Math.min(Infinity, ...signatures.map(({ expiration, inception }) => (expiration - inception) >>> 0))
  const { min, max } = holds ? limits.anchorQuery : limits.anchorRetry
  return Math.max(min, Math.min(max, Math.floor(Math.min(ttl, life) * (holds ? 0.5 : 0.1))))
}
