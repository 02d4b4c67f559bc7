/**
 * One question to one name server: over UDP in random case, over TCP when it is cut short, with what is known of how long
 * the server takes. The sockets are those of the resolver's `Transport`.
 */
import * as Effect from "effect/Effect"
import * as Query from "../Query.ts"
import type { Ask, Channel, Transport } from "../Transport.ts"
import type { Timer, Wheel } from "../Wheel.ts"
import { DecodeError, Message, type Name } from "../wire/index.ts"
import * as limits from "./limits.ts"

/** Why a server gave no answer: it moves on to the next. */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly detail: string
}

const noAnswer = (detail: string): NoAnswer => ({ _tag: "NoAnswer", detail })

interface Known {
  readonly udp: Channel
  readonly tcp: Channel
  /** Smoothed round trip and its deviation, ms (RFC 6298); undefined before the first answer. */
  trip: number | undefined
  deviation: number
  /** Failures in a row: each doubles the time waited, and puts it behind others. */
  failures: number
  /** Does not keep the case of a question: it is asked in the case given. */
  keepsCase: boolean
  /** Zones for which it was of no use, and until when, ms. */
  readonly lame: Map<string, number>
  /** Exchanges in flight: one that has some is not forgotten. */
  asked: number
  /** Answers that failed validation came from it, until then, ms. */
  liesUntil: number
}

interface Options {
  readonly port: number
  readonly mixCase: boolean
  readonly udpPayload: number
  /** Servers that are remembered. */
  readonly servers: number
}

export class Upstreams {
  /** Queries sent. */
  sent = 0
  private readonly known = new Map<string, Known>()
  private readonly transport: Transport
  private readonly wheel: Wheel
  private readonly options: Options

  constructor(transport: Transport, wheel: Wheel, options: Options) {
    this.transport = transport
    this.wheel = wheel
    this.options = options
  }

  close(): void {
    for (const { udp, tcp } of this.known.values()) {
      udp.close()
      tcp.close()
    }
    this.known.clear()
  }

  /** The order to ask in: quick and reliable first, by chance among near equals; the lame for this zone last. */
  order(addresses: ReadonlyArray<string>, zone: string): ReadonlyArray<string> {
    const now = this.wheel.now()
    const cost = (address: string): number => {
      const known = this.known.get(address)
      if (known === undefined) return limits.unknownTimeout / 2 + Math.random() * 100
      const lame = (known.lame.get(zone) ?? 0) > now || known.liesUntil > now
      return (known.trip ?? limits.unknownTimeout) + known.failures * 1_000 + (lame ? 1e6 : 0) + Math.random() * 30
    }
    return Array.from(new Set(addresses), (address) => [cost(address), address] as const)
      .toSorted((a, b) => a[0] - b[0])
      .map(([, address]) => address)
  }

  /** Remembers that a server is of no use for a zone. */
  markLame(address: string, zone: string): void {
    const known = this.at(address)
    if (known.lame.size > 100) known.lame.clear()
    known.lame.set(zone, this.wheel.now() + limits.lameFor)
  }

  markLiar(address: string): void {
    this.at(address).liesUntil = this.wheel.now() + limits.lameFor
  }

  /** Asks; interrupting frees the id and the port. */
  ask(address: string, name: Name.Name, type: number, dnssecOk: boolean): Effect.Effect<Message.Message, NoAnswer> {
    return Effect.suspend(() => {
      const known = this.at(address)
      const encode = (mixCase: boolean) =>
        Query.encode({
          name,
          type,
          mixCase,
          opt: Query.encodeOpt({ udpPayload: this.options.udpPayload, dnssecOk, options: undefined }),
          recursionDesired: false,
          checkingDisabled: dnssecOk,
          authenticData: false
        })
      const start = this.wheel.now()
      const over = (channel: Channel, octets: Buffer, timeout: number): Effect.Effect<Uint8Array, NoAnswer | "case"> =>
        Effect.suspend(() => {
          this.sent++
          known.asked++
          // An ICMP error is easily forged: the answer is waited for as long as this server usually takes.
          const patience = Math.min(timeout, known.trip === undefined ? limits.icmpPatience : timeoutOf(known))
          return Effect.timeoutOrElse(exchange(channel, octets, this.wheel, patience), {
            duration: timeout,
            orElse: () => Effect.fail(noAnswer(`${address} was silent for ${Math.round(timeout)} ms`))
          }).pipe(
            Effect.ensuring(
              Effect.sync(() => {
                known.asked--
              })
            )
          )
        })
      const mixCase = this.options.mixCase && known.keepsCase
      const timeout = timeoutOf(known)
      const datagram = over(known.udp, encode(mixCase), timeout).pipe(
        Effect.catch((failure) => {
          if (failure !== "case") return Effect.fail(failure)
          known.keepsCase = false
          // Its answers can be told from forged ones over TCP only.
          return over(known.tcp, encode(false), limits.timeout.max)
        })
      )
      return datagram.pipe(
        Effect.flatMap((octets) => {
          this.heard(known, this.wheel.now() - start)
          return (octets[2]! & 2) === 0 ? Effect.succeed(octets) : over(known.tcp, encode(false), limits.timeout.max)
        }),
        Effect.mapError((failure) => (failure === "case" ? noAnswer(`${address} changes the case`) : failure)),
        Effect.flatMap((octets) => {
          const message = Message.decode(octets)
          if (!(message instanceof DecodeError)) return Effect.succeed(message)
          return Effect.fail(noAnswer(`${address} sends no DNS: ${message.message}`))
        }),
        Effect.tapError(() =>
          Effect.sync(() => {
            known.failures = Math.min(known.failures + 1, 6)
          })
        )
      )
    })
  }

  private heard(known: Known, trip: number): void {
    known.failures = 0
    if (known.trip === undefined) {
      known.trip = trip
      known.deviation = trip / 2
    } else {
      known.deviation += (Math.abs(trip - known.trip) - known.deviation) / 4
      known.trip += (trip - known.trip) / 8
    }
  }

  /** The longest unused of those that nobody waits for; where all are in use there is one more for a while. */
  private forgetOne(): void {
    for (const [address, { asked, tcp, udp }] of this.known) {
      if (asked > 0) continue
      udp.close()
      tcp.close()
      this.known.delete(address)
      return
    }
  }

  private at(address: string): Known {
    let known = this.known.get(address)
    if (known !== undefined) {
      this.known.delete(address)
      this.known.set(address, known)
      return known
    }
    if (this.known.size >= this.options.servers) this.forgetOne()
    const endpoint = { protocol: "udp", address, port: this.options.port } as const
    known = {
      udp: this.transport.datagrams(endpoint),
      tcp: this.transport.streams(endpoint),
      trip: undefined,
      deviation: 0,
      failures: 0,
      keepsCase: true,
      lame: new Map(),
      asked: 0,
      liesUntil: 0
    }
    this.known.set(address, known)
    return known
  }
}

const timeoutOf = ({ trip, deviation, failures }: Known): number => {
  const base = trip === undefined ? limits.unknownTimeout : trip + 4 * deviation
  return Math.min(limits.timeout.max, Math.max(limits.timeout.min, base) * 2 ** Math.min(failures, 3))
}

/** Fails `patience` ms after an ICMP error, unless the answer comes until then. */
const exchange = (
  channel: Channel,
  octets: Buffer,
  wheel: Wheel,
  patience: number
): Effect.Effect<Uint8Array, NoAnswer | "case"> =>
  Effect.callback<Uint8Array, NoAnswer | "case">((resume) => {
    let giveUp: Timer | undefined
    const end = (result: Effect.Effect<Uint8Array, NoAnswer | "case">): void => {
      if (giveUp !== undefined) wheel.cancel(giveUp)
      resume(result)
    }
    const ask: Ask = {
      octets,
      questionEnd: Query.questionEnd(octets),
      place: undefined,
      id: 0,
      onReply: (reply) => {
        end(Effect.succeed(Uint8Array.from(reply)))
        return true
      },
      onOtherCase: () => {
        channel.cancel(ask)
        end(Effect.fail("case"))
      },
      onUnreachable: (code, final) => {
        if (final) return end(Effect.fail(noAnswer(code)))
        giveUp ??= wheel.set(patience, () => {
          channel.cancel(ask)
          end(Effect.fail(noAnswer(code)))
        })
      }
    }
    channel.ask(ask)
    return Effect.sync(() => {
      if (giveUp !== undefined) wheel.cancel(giveUp)
      channel.cancel(ask)
    })
  })
