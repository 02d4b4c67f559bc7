/** One request to a name server and its answer: what updates and SOA queries need. */
import { randomInt } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Tsig from "../update/Tsig.ts"
import { DecodeError, Message } from "../wire/index.ts"
import * as Connection from "./Connection.ts"
import type { Peer } from "./Peer.ts"
import { TransferError } from "./TransferError.ts"

/** 16 bits that cannot be guessed. */
export const randomId = (): number => randomInt(0x10000)

/** Sends a message over TCP or TLS, signed with the peer's key if it has one, and gives the answer. */
export const exchange = (peer: Peer, message: Message.Message): Effect.Effect<Message.Message, TransferError> =>
  Effect.gen(function* () {
    const time = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
    const octets = Message.encode(message)
    const signed = peer.key === undefined ? undefined : Tsig.sign(octets, peer.key, { time })
    return yield* exchangeOctets(peer, signed?.octets ?? octets, message.id, (answer) =>
      signed === undefined ? undefined : Tsig.verify(answer, [peer.key!], { time, priorMac: signed.mac })
    )
  })

/** As `exchange`, of octets that are signed already, or not at all; `check` says what is wrong with the answer's signature. */
export const exchangeOctets = (
  peer: Peer,
  octets: Uint8Array,
  id: number,
  check: (answer: Uint8Array) => unknown = () => undefined
): Effect.Effect<Message.Message, TransferError> =>
  Effect.gen(function* () {
    const connection = yield* Connection.open(peer)
    connection.send(octets)
    const answer = yield* connection.take
    const decoded = Message.decode(answer)
    if (decoded instanceof DecodeError) {
      return yield* new TransferError({ reason: "Malformed", detail: decoded.message, cause: decoded })
    }
    if (decoded.id !== id || !decoded.response) {
      return yield* new TransferError({ reason: "Malformed", detail: "an answer to something else" })
    }
    const wrong = check(answer)
    if (wrong instanceof Error)
      return yield* new TransferError({ reason: "Signature", detail: wrong.message, cause: wrong })
    return decoded
  }).pipe(Effect.scoped)
