/**
 * Questions over any executor of `Exchange`, such as reactor's: neither knows the other.
 *
 * An exchange hands back one datagram, so one that is not the answer ends it; the resolution then asks again instead of
 * waiting on. Over a stream the two octets of length come first, and only they tell where the answer ends: they are
 * fetched by a first exchange, the answer by a second. So it is correct, but neither as patient nor as quick as Node's own
 * sockets; HTTPS is not offered.
 */
import { Exchange, type ExchangeError, type Executor, type ExecutorError, type Reply } from "@handoff/core"
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import type { Endpoint } from "../Endpoint.ts"
import * as limits from "../limits.ts"
import * as Query from "../Query.ts"
import * as random from "../random.ts"
import type { Ask, Channel } from "../Transport.ts"

export class ExchangeChannel implements Channel {
  readonly counters = { exchanges: 0, stray: 0 }
  private readonly executor: Executor.Executor<Exchange>
  private readonly kind: "udp" | "tcp" | "tls"
  private readonly peer: NetAddress.InetAddress
  private readonly cancels = new Map<Ask, () => void>()

  constructor(executor: Executor.Executor<Exchange>, endpoint: Endpoint, kind: "udp" | "tcp" | "tls") {
    this.executor = executor
    this.kind = kind
    this.peer = NetAddress.inetAddressFromIpStringUnsafe(endpoint.address, endpoint.port)
  }

  ask(ask: Ask): void {
    ask.id = random.bits16()
    ask.place = this
    ask.octets[0] = ask.id >> 8
    ask.octets[1] = ask.id
    if (this.kind === "udp") {
      return this.exchange(ask, ask.octets, { _tag: "Datagram" }, (octets) => this.receive(ask, octets))
    }
    const framed = Buffer.concat([Uint8Array.of(ask.octets.length >> 8, ask.octets.length & 255), ask.octets])
    this.exchange(ask, framed, { _tag: "Octets", octets: 2 }, (head) => {
      const length = 2 + ((head[0]! << 8) | head[1]!)
      this.exchange(ask, framed, { _tag: "Octets", octets: length }, (octets) => this.receive(ask, octets.subarray(2)))
    })
  }

  cancel(ask: Ask): void {
    const cancel = this.cancels.get(ask)
    this.forget(ask)
    cancel?.()
  }

  close(): void {
    for (const ask of Array.from(this.cancels.keys())) this.cancel(ask)
  }

  private exchange(
    ask: Ask,
    request: Uint8Array,
    until: Exchange["until"],
    onOctets: (octets: Uint8Array) => void
  ): void {
    this.counters.exchanges++
    const task = new Exchange({
      transport: this.kind,
      peer: this.peer,
      request,
      until,
      connectTimeout: limits.connectTimeout,
      idleTimeout: limits.connectionStall
    })
    let ended = false
    const cancel = this.executor.submitUnsafe(task, (exit) => {
      ended = true
      this.cancels.delete(ask)
      const octets = octetsOf(exit)
      if (typeof octets === "string") return this.fail(ask, octets)
      onOctets(octets)
    })
    if (!ended) this.cancels.set(ask, cancel)
  }

  private receive(ask: Ask, octets: Uint8Array): void {
    const idHolds = octets.length >= 12 && octets[0] === ask.octets[0] && octets[1] === ask.octets[1]
    const match = idHolds ? Query.match(ask.octets, ask.questionEnd, octets) : Query.Match.none
    if (match === Query.Match.otherCase && this.kind === "udp") {
      this.forget(ask)
      return ask.onOtherCase()
    }
    if (match !== Query.Match.none && ask.onReply(octets)) return this.forget(ask)
    this.counters.stray++
    this.fail(ask, "EBADMSG")
  }

  private fail(ask: Ask, code: string): void {
    this.forget(ask)
    ask.onUnreachable(code, true)
  }

  private forget(ask: Ask): void {
    ask.place = undefined
    this.cancels.delete(ask)
  }
}

/** What came back, or a code for why nothing did. */
const octetsOf = (exit: Exit.Exit<Reply, ExchangeError | ExecutorError>): Uint8Array | string => {
  if (exit._tag === "Success") return exit.value.end === "complete" ? exit.value.octets : "ECONNRESET"
  const error = Cause.squash(exit.cause) as ExchangeError | ExecutorError
  if (error._tag !== "ExchangeError") return error._tag.toUpperCase()
  return error.code ?? error.reason.toUpperCase()
}
