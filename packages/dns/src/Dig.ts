/**
 * One query to one server, for people who know what they want: every flag and option theirs, no cache, nothing hidden. The
 * whole response comes back, whatever its code, with its octets.
 */
import type { LookupError } from "@handoff/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Shape } from "./Dns.ts"
import * as Endpoint from "./Endpoint.ts"
import { Failure, toLookupError } from "./Failure.ts"
import * as Query from "./Query.ts"
import { closed } from "./Resolver.ts"
import type { Ask } from "./Transport.ts"
import type { Timer } from "./Wheel.ts"
import type * as Class from "./wire/Class.ts"
import { DecodeError } from "./wire/DecodeError.ts"
import * as Edns from "./wire/Edns.ts"
import { EncodeError } from "./wire/EncodeError.ts"
import * as Message from "./wire/Message.ts"
import * as Question from "./wire/Question.ts"
import { TextError } from "./wire/TextError.ts"
import * as ViewOptions from "./ViewOptions.ts"

/** Which server to ask, how, and what with. */
export interface Options {
  /** In presentation form; absolute with or without the final dot. */
  readonly name: string
  /** A mnemonic or `TYPE123`; default `A`. */
  readonly type?: string
  /** `IN`, `CH`, ...; default `IN`. */
  readonly class?: Class.Class
  /** Default: the resolver's first server. */
  readonly server?: Endpoint.Input
  /** Use the stream at once. */
  readonly tcp?: boolean
  /** Keep a truncated answer instead of asking again over TCP. */
  readonly ignoreTruncation?: boolean
  /** RD; default true. */
  readonly recursionDesired?: boolean
  /** AD in the query: tell me whether you validated it (RFC 6840 section 5.7). */
  readonly authenticData?: boolean
  /** CD. */
  readonly checkingDisabled?: boolean
  /** DO. */
  readonly dnssecOk?: boolean
  /** Octets of a UDP reply that we take; default 1,232; `false` sends no OPT record at all. */
  readonly edns?: number | false
  /** `192.0.2.0/24` (RFC 7871). */
  readonly clientSubnet?: string
  /** Ask for the server's identifier (RFC 5001). */
  readonly nsid?: boolean
  /** Pad the query to a multiple of this many octets (RFC 7830; RFC 8467 advises 128). */
  readonly padding?: number
  /** More options: code and octets. */
  readonly options?: ReadonlyArray<{ readonly code: number; readonly octets: Uint8Array }>
  /** The whole query, instead of one made from the above; its id is replaced. It needs one question. */
  readonly octets?: Uint8Array
  /** For each try; default 5 seconds. */
  readonly timeout?: Duration.Input
  /** Sends over UDP; default 3. */
  readonly tries?: number
}

/** The message as it came, and how long it took over which way. */
export interface Reply {
  readonly message: Message.Message
  readonly octets: Uint8Array
  /** The query as it was sent. */
  readonly sent: Uint8Array
  /** As `Endpoint.format` writes it. */
  readonly server: string
  readonly transport: "udp" | "tcp" | "tls" | "https"
  /** From the last send to the reply. */
  readonly milliseconds: number
  /** The server's identifier, when it was asked for and given: its octets. */
  readonly nsid: Uint8Array | undefined
}

/** Sends a query and gives the response. Interruption closes its socket. Fails when none comes, or the query cannot be. */
export const query = (dns: Shape, options: Options): Effect.Effect<Reply, LookupError> =>
  Effect.callback((resume) => {
    const { name } = options
    const fail = (failure: Failure): void => resume(Effect.fail(toLookupError(failure, name)))
    const prepared = prepare(dns, options)
    if (prepared instanceof Failure) return fail(prepared)
    if (dns.resolver.isClosed) return fail(closed)
    const asking = new Asking(dns, options, prepared, (result) =>
      result instanceof Failure ? fail(result) : resume(Effect.succeed(result))
    )
    asking.send(options.tcp === true || prepared.endpoint.protocol !== "udp")
    return Effect.sync(() => asking.stop())
  })

interface Prepared {
  readonly endpoint: Endpoint.Endpoint
  readonly octets: Uint8Array
}

const prepare = (dns: Shape, options: Options): Prepared | Failure => {
  const first = dns.resolver.upstream.servers.list[0]?.endpoint
  try {
    const endpoint = options.server === undefined ? first : Endpoint.makeUnsafe(options.server)
    if (endpoint === undefined) return new Failure("Refused", "ENOSERVER", "no name server is configured")
    const octets = options.octets ?? encode(options)
    if (octets[4] !== 0 || octets[5] !== 1 || Query.questionEnd(octets) > octets.length) {
      return new Failure("BadName", "EBADQUERY", "a query needs exactly one question")
    }
    return { endpoint, octets }
  } catch (error) {
    if (error instanceof TextError) return new Failure("BadName", "EBADNAME", error.message)
    if (error instanceof EncodeError) return new Failure("BadName", "EBADQUERY", error.message)
    return new Failure("BadName", "EBADSERVER", String(error))
  }
}

/** The query of the options, with an id of zero. */
export const encode = (options: Options): Uint8Array => {
  const question = Question.make(
    options.name.endsWith(".") ? options.name : `${options.name}.`,
    (options.type ?? "A").toUpperCase() as Question.QuestionType,
    options.class ?? "IN"
  )
  const plain = Message.make({
    recursionDesired: options.recursionDesired ?? true,
    authenticData: options.authenticData ?? false,
    checkingDisabled: options.checkingDisabled ?? false,
    questions: [question]
  })
  if (options.edns === false) return Message.encode(plain)
  const extra = (options.options ?? []).map(({ code, octets }) => ViewOptions.option(code, [octets]))
  if (options.nsid === true) extra.push(ViewOptions.option(3, []))
  if (options.clientSubnet !== undefined) extra.push(ViewOptions.option(8, [ViewOptions.subnet(options.clientSubnet)]))
  const head = Message.encode(plain)
  if (options.padding !== undefined && options.padding > 1) {
    const length = head.length + 11 + Buffer.concat(extra).length + 4
    extra.push(
      ViewOptions.option(12, [new Uint8Array((options.padding - (length % options.padding)) % options.padding)])
    )
  }
  const opt = Query.encodeOpt({
    udpPayload: options.edns ?? 1_232,
    dnssecOk: options.dnssecOk ?? false,
    options: extra.length === 0 ? undefined : Buffer.concat(extra)
  })
  const octets = Buffer.concat([head, opt])
  octets[11] = 1
  return octets
}

/** The sends of one query, through channels of its own. */
class Asking {
  private readonly dns: Shape
  private readonly options: Options
  private readonly prepared: Prepared
  private readonly onEnd: (result: Reply | Failure) => void
  private readonly stops: Array<() => void> = []
  private timer: Timer | undefined
  private sends = 0
  private ended = false
  private lastCode = "ETIMEOUT"

  constructor(dns: Shape, options: Options, prepared: Prepared, onEnd: (result: Reply | Failure) => void) {
    this.dns = dns
    this.options = options
    this.prepared = prepared
    this.onEnd = onEnd
    dns.resolver.closing.add(this.onClose)
  }

  send(stream: boolean): void {
    const { resolver } = this.dns
    const { endpoint } = this.prepared
    const { wheel } = resolver
    const { transport } = resolver.options
    const channel = stream ? transport.streams(endpoint) : transport.datagrams(endpoint)
    const octets = Buffer.from(this.prepared.octets)
    const sentAt = wheel.now()
    this.sends++
    const ask: Ask = {
      octets,
      questionEnd: Query.questionEnd(octets),
      place: undefined,
      id: 0,
      onReply: (received) => {
        const copy = received.slice()
        const message = Message.decode(copy, { trailing: "ignore" })
        if (message instanceof DecodeError) {
          if (!stream) return false
          this.end(new Failure("InvalidResponse", "EBADRESP", message.message))
          return true
        }
        if (message.truncated && !stream && this.options.ignoreTruncation !== true) {
          // After this call returns: the channel is still busy with this reply.
          queueMicrotask(() => this.ended || this.send(true))
          return true
        }
        const protocol = stream && endpoint.protocol === "udp" ? "tcp" : endpoint.protocol
        this.end({
          message,
          octets: copy,
          sent: Uint8Array.from(octets),
          server: Endpoint.format(endpoint),
          transport: protocol,
          milliseconds: wheel.now() - sentAt,
          nsid: Edns.find(message.edns, "NSID")?.identifier
        })
        return true
      },
      onOtherCase: () => {},
      onUnreachable: (code, final) => {
        this.lastCode = code
        if (final && stream) this.end(new Failure("Refused", code))
      }
    }
    this.stops.push(() => {
      channel.cancel(ask)
      channel.close()
    })
    if (this.timer !== undefined) wheel.cancel(this.timer)
    const timeout = Duration.toMillis(Duration.fromInputUnsafe(this.options.timeout ?? "5 seconds"))
    this.timer = wheel.set(timeout, () => {
      this.timer = undefined
      if (!stream && this.sends < (this.options.tries ?? 3)) return this.send(false)
      const reason = this.lastCode === "ETIMEOUT" ? "Timeout" : "Refused"
      this.end(new Failure(reason, this.lastCode, `asked ${Endpoint.format(endpoint)} ${this.sends} times`))
    })
    channel.ask(ask)
  }

  private readonly onClose = (): void => this.end(closed)

  stop(): void {
    this.ended = true
    this.dns.resolver.closing.delete(this.onClose)
    if (this.timer !== undefined) this.dns.resolver.wheel.cancel(this.timer)
    // A channel must not be closed from within its own call-back.
    for (const stop of this.stops) queueMicrotask(stop)
  }

  private end(result: Reply | Failure): void {
    if (this.ended) return
    this.stop()
    this.onEnd(result)
  }
}
