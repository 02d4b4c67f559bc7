/** Keeps a zone as its primary has it (RFC 1034 4.3.5): by its SOA's timers, and at once when told that it changed. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { ResourceRecord } from "../wire/index.ts"
import { Message, Name, Question } from "../wire/index.ts"
import * as Serial from "../zone/Serial.ts"
import { applyDiff } from "../zone/Transaction.ts"
import { soaData, type Zone } from "../zone/Zone.ts"
import { ZoneError } from "../zone/ZoneError.ts"
import type { ZoneStore } from "../zone/ZoneStore.ts"
import { exchange, randomId } from "./exchange.ts"
import * as limits from "./limits.ts"
import type { Peer } from "./Peer.ts"
import { axfr, ixfr } from "./transfer.ts"
import { TransferError } from "./TransferError.ts"

/** Brings the store's version up to the primary's, by differences if there are; gives what is held then. */
export const refresh = (store: ZoneStore, origin: Name.Name, primary: Peer): Effect.Effect<Zone, TransferError> =>
  Effect.gen(function* () {
    const held = store.get(origin)
    if (held === undefined) {
      const zone = yield* axfr(primary, origin)
      store.put(zone)
      return zone
    }
    const serial = yield* serialOf(primary, origin)
    if (!Serial.isAfter(serial, held.serial)) return held
    const changes = yield* ixfr(primary, held)
    if (changes.kind === "current") return held
    if (changes.kind === "whole") store.put(changes.zone)
    else {
      try {
        for (const diff of changes.diffs) store.put(applyDiff(store.get(origin)!, diff), diff)
      } catch (error) {
        if (!(error instanceof ZoneError)) throw error
        // Differences that do not fit what is held: the whole zone sets it right (RFC 1995 4 leaves no other way).
        store.put(yield* axfr(primary, origin))
      }
    }
    return store.get(origin)!
  })

const serialOf = (primary: Peer, origin: Name.Name): Effect.Effect<number, TransferError> =>
  Effect.gen(function* () {
    const question = Question.make(origin, "SOA")
    const answer = yield* exchange(primary, Message.make({ id: randomId(), questions: [question] }))
    const soa = answer.answers.find(
      (record): record is ResourceRecord.Of<"SOA"> => record.type === "SOA" && Name.equals(record.name, origin)
    )
    if (soa === undefined) {
      return yield* new TransferError({
        reason: "Refused",
        detail: `no SOA of ${Name.toText(origin)}`,
        rcode: answer.rcode
      })
    }
    return soa.data.serial
  })

export interface Secondary {
  /**
   * Looks at the primary now, or a second after the last look if that is later: what a server calls when it is notified.
   * Many calls in that time are one look.
   */
  readonly notified: () => void
}

/**
 * Keeps the zone for the scope. A primary that fails is asked again after the SOA's retry time; when none has answered for its expire
 * time the store holds the zone no more, until one does (RFC 1034 4.3.5).
 */
export const keep = (
  store: ZoneStore,
  origin: Name.Name,
  primary: Peer
): Effect.Effect<Secondary, never, Scope.Scope> =>
  Effect.gen(function* () {
    const wake = yield* Queue.sliding<void>(1)
    let heardAt = yield* Clock.currentTimeMillis
    const turn = Effect.gen(function* () {
      const done = yield* Effect.result(refresh(store, origin, primary))
      const now = yield* Clock.currentTimeMillis
      if (done._tag === "Success") heardAt = now
      const zone = store.get(origin)
      const timers = zone === undefined ? limits.withoutZone : soaData(zone.soa)
      const left = heardAt + timers.expire * 1_000 - now
      if (zone !== undefined && left <= 0) {
        store.drop(origin)
        return
      }
      const wait = done._tag === "Success" ? timers.refresh : timers.retry
      const sleep = Math.max(limits.refreshFloor, Math.min(wait * 1_000, left > 0 ? left : Infinity))
      // However often it is told meanwhile: anyone can send a NOTIFY, and each look is a connection to the primary.
      yield* Effect.sleep(limits.refreshFloor)
      yield* Effect.race(Queue.take(wake), Effect.sleep(sleep - limits.refreshFloor))
    })
    yield* Effect.forkScoped(Effect.forever(turn))
    return { notified: () => void Queue.offerUnsafe(wake, undefined) }
  })
