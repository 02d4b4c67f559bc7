/** Updates and notifications to other name servers. */
import { createSocket } from "node:dgram"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { exchange, exchangeOctets, randomId } from "../transfer/exchange.ts"
import type { Peer } from "../transfer/Peer.ts"
import { TransferError } from "../transfer/TransferError.ts"
import { DecodeError, Message, type Name, Opcode, Question, Rcode, type ResourceRecord } from "../wire/index.ts"
import * as limits from "./limits.ts"
import * as Sig0 from "./Sig0.ts"
import * as Tsig from "./Tsig.ts"
import * as Update from "./Update.ts"

/**
 * Sends an update over TCP or TLS. Fails with `Refused` and the rcode when it was not done: then nothing of it was. After
 * any other failure it may have been done.
 */
export const send = (
  peer: Peer,
  update: Update.Update,
  options: { readonly sig0?: Omit<Sig0.SignOptions, "time" | "request"> } = {}
): Effect.Effect<void, TransferError> =>
  Effect.gen(function* () {
    const message = Update.toMessage(update, randomId())
    const { sig0 } = options
    const time = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
    const answer =
      sig0 === undefined
        ? yield* exchange(peer, message)
        : yield* exchangeOctets(peer, Sig0.sign(Message.encode(message), { ...sig0, time }), message.id)
    if (answer.rcode !== Rcode.NOERROR) {
      const detail = `the update was answered ${Rcode.nameOf(answer.rcode)}`
      return yield* new TransferError({ reason: "Refused", detail, rcode: answer.rcode })
    }
  })

/**
 * Tells a secondary that a zone has changed (RFC 1996), over UDP, again until it says that it has heard. Interrupting
 * stops that.
 */
export const notify = (
  peer: Peer,
  zone: Name.Name,
  soa?: ResourceRecord.ResourceRecord
): Effect.Effect<void, TransferError> =>
  Effect.gen(function* () {
    const message = Message.make({
      id: randomId(),
      opcode: Opcode.NOTIFY,
      authoritative: true,
      questions: [Question.make(zone, "SOA")],
      answers: soa === undefined ? [] : [soa]
    })
    const time = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
    const octets = Message.encode(message)
    const signed = peer.key === undefined ? undefined : Tsig.sign(octets, peer.key, { time })
    const rcode = yield* tell(peer, signed?.octets ?? octets, (answer) => {
      if (signed === undefined) return true
      return !(Tsig.verify(answer, [peer.key!], { time, priorMac: signed.mac }) instanceof Tsig.TsigError)
    })
    if (rcode !== Rcode.NOERROR) {
      return yield* new TransferError({
        reason: "Refused",
        detail: `NOTIFY was answered ${Rcode.nameOf(rcode)}`,
        rcode
      })
    }
  })

/** Sends a datagram until it is answered; the rcode. What does not belong to it is passed over. */
const tell = (
  peer: Peer,
  octets: Uint8Array,
  isGenuine: (answer: Uint8Array) => boolean
): Effect.Effect<number, TransferError> =>
  Effect.callback<number, TransferError>((resume) => {
    const socket = createSocket(peer.address.includes(":") ? "udp6" : "udp4")
    let attempt = 0
    let timer: NodeJS.Timeout | undefined
    const stop = () => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on("error", () => undefined)
      socket.close()
    }
    const finish = (effect: Effect.Effect<number, TransferError>) => {
      stop()
      resume(effect)
    }
    const fail = (reason: "Timeout" | "Unreachable", cause?: unknown) =>
      finish(Effect.fail(new TransferError({ reason, detail: `no answer from ${peer.address}`, cause })))
    const again = () => {
      if (attempt >= limits.notifyAttempts) return fail("Timeout")
      socket.send(octets)
      timer = setTimeout(again, limits.notifyTimeout * 2 ** attempt++)
    }
    socket.on("error", (cause) => fail("Unreachable", cause))
    socket.on("message", (answer) => {
      const message = Message.decode(answer)
      if (
        message instanceof DecodeError ||
        message.id !== Message.idOf(octets) ||
        !message.response ||
        !isGenuine(answer)
      )
        return
      finish(Effect.succeed(message.rcode))
    })
    socket.connect(peer.port ?? 53, peer.address, again)
    return Effect.sync(stop)
  })
