/** Zones coming in: AXFR and IXFR from another name server, over TCP or TLS, as a stream, signed when there is a key. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tsig from "../update/Tsig.ts"
import type { Name, ResourceRecord } from "../wire/index.ts"
import { type Class, DecodeError, Message, Question, Rcode } from "../wire/index.ts"
import type { Diff } from "../zone/Diff.ts"
import * as Zone from "../zone/Zone.ts"
import { ZoneError } from "../zone/ZoneError.ts"
import * as Connection from "./Connection.ts"
import { Incoming, TransferFault } from "./Incoming.ts"
import { randomId } from "./exchange.ts"
import type { Peer } from "./Peer.ts"
import { TransferError } from "./TransferError.ts"

/** The class asked for, and the bound of what is taken. */
export interface Options {
  readonly class?: Class.Class
  /** Octets of owners and rdata that are taken; see `limits`. */
  readonly maxOctets?: number
}

/**
 * The records of a zone as they come, the SOA first; the last SOA is not given again. With a key, those of messages that are not signed
 * wait for the signature that covers them.
 */
export const axfrRecords = (
  peer: Peer,
  zone: Name.Name,
  options: Options = {}
): Stream.Stream<ResourceRecord.ResourceRecord, TransferError> =>
  Stream.unwrap(
    Effect.map(start(peer, zone, { ...options, serial: undefined }), ({ incoming, next }) =>
      Stream.unfold(undefined as void, () =>
        Effect.suspend(() =>
          incoming.state === "done" ? Effect.undefined : Effect.map(next, (records) => [records, undefined] as const)
        )
      ).pipe(Stream.flatMap(Stream.fromIterable))
    )
  )

/** The whole zone. A zone that is none is `Malformed`. */
export const axfr = (peer: Peer, zone: Name.Name, options: Options = {}): Effect.Effect<Zone.Zone, TransferError> =>
  Effect.flatMap(Stream.runCollect(axfrRecords(peer, zone, options)), (records) => zoneOf(records, zone))

/** What a transfer brought: a whole zone, or differences. */
export type Changes =
  | { readonly kind: "current" }
  | { readonly kind: "differences"; readonly diffs: ReadonlyArray<Diff> }
  | { readonly kind: "whole"; readonly zone: Zone.Zone }

/** What changed since a version that is held: nothing, differences to apply in order, or a whole zone instead. */
export const ixfr = (peer: Peer, held: Zone.Zone, options: Options = {}): Effect.Effect<Changes, TransferError> =>
  Effect.gen(function* () {
    const { incoming, next } = yield* start(peer, held.origin, {
      ...options,
      serial: held.serial,
      soa: held.soa.records[0]!
    })
    const records: Array<ResourceRecord.ResourceRecord> = []
    while (incoming.state !== "done") records.push(...(yield* next))
    if (incoming.diffs.length > 0) return { kind: "differences", diffs: incoming.diffs } as const
    if (records.length === 0) return { kind: "current" } as const
    return { kind: "whole", zone: yield* zoneOf(records, held.origin) } as const
  }).pipe(Effect.scoped)

const zoneOf = (
  records: Iterable<ResourceRecord.ResourceRecord>,
  origin: Name.Name
): Effect.Effect<Zone.Zone, TransferError> =>
  Effect.try({
    try: () => Zone.make(records, { origin }),
    catch: (cause) => {
      if (!(cause instanceof ZoneError)) throw cause
      return new TransferError({ reason: "Malformed", detail: cause.message, cause })
    }
  })

interface Started {
  readonly incoming: Incoming
  /** Takes one message. */
  readonly next: Effect.Effect<Array<ResourceRecord.ResourceRecord>, TransferError>
}

const start = (
  peer: Peer,
  zone: Name.Name,
  options: Options & { readonly serial: number | undefined; readonly soa?: ResourceRecord.ResourceRecord }
): Effect.Effect<Started, TransferError, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* Connection.open(peer)
    const question = Question.make(zone, options.serial === undefined ? "AXFR" : "IXFR", options.class ?? "IN")
    const id = randomId()
    const query = Message.encode(
      Message.make({ id, questions: [question], authorities: options.soa === undefined ? [] : [options.soa] })
    )
    const now = Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1_000))
    const signed = peer.key === undefined ? undefined : Tsig.sign(query, peer.key, { time: yield* now })
    const stream = signed === undefined ? undefined : new Tsig.Stream(peer.key!, signed.mac)
    const incoming = new Incoming({
      origin: zone,
      ...(options.serial === undefined ? {} : { serial: options.serial }),
      ...(options.maxOctets === undefined ? {} : { maxOctets: options.maxOctets })
    })
    connection.send(signed?.octets ?? query)
    const uncovered: Array<ResourceRecord.ResourceRecord> = []
    const take = (octets: Uint8Array, time: number): Array<ResourceRecord.ResourceRecord> | TransferError => {
      const message = Message.decode(octets)
      if (message instanceof DecodeError) return malformed(message.message, message)
      if (message.id !== id || !message.response) return malformed("an answer to something else")
      const asked = message.questions[0]
      if (asked !== undefined && !Question.equals(asked, question)) return malformed("an answer to another question")
      const signature = stream?.verify(octets, time)
      if (signature !== undefined)
        return new TransferError({ reason: "Signature", detail: signature.message, cause: signature })
      if (message.rcode !== Rcode.NOERROR) {
        const detail = `the peer says ${Rcode.nameOf(message.rcode)}`
        return new TransferError({ reason: "Refused", detail, rcode: message.rcode })
      }
      if (message.answers.length === 0) return malformed("a message without records")
      try {
        const records = incoming.push(message)
        if (incoming.state === "done" && stream !== undefined && !stream.isComplete) {
          return new TransferError({ reason: "Signature", detail: "the last message is not signed" })
        }
        if (stream === undefined) return records
        uncovered.push(...records)
        return stream.isComplete ? uncovered.splice(0) : []
      } catch (error) {
        if (error instanceof TransferFault) return new TransferError({ reason: error.reason, detail: error.message })
        throw error
      }
    }
    const next = Effect.flatMap(Effect.zip(connection.take, now), ([octets, time]) => {
      const taken = take(octets, time)
      return taken instanceof TransferError ? Effect.fail(taken) : Effect.succeed(taken)
    })
    return { incoming, next }
  })

const malformed = (detail: string, cause?: unknown): TransferError =>
  new TransferError({ reason: "Malformed", detail, cause })
