/**
 * Questions over UDP through a rotating set of connected sockets.
 *
 * Connected: the kernel drops what does not come from the server's address and port, and reports ICMP errors. Rotating:
 * each socket has a port drawn by the kernel and serves a bounded number of questions, so that a blind forger must guess
 * one of some 28,000 ports (Linux's `ip_local_port_range`) besides the id; a socket for every question would cost three
 * times the time. An open socket is chosen at random for each question.
 *
 * In bursts: a datagram that reaches a server that sleeps wakes it, which costs the sender more than all else that it does
 * for a question. So where many are in flight, those of one turn of the event loop leave together: at its end, or as soon
 * as they are half of all in flight, for the server to work on them while the other half is made (`Burst.ts`).
 */
import * as dgram from "node:dgram"
import type { Endpoint } from "../Endpoint.ts"
import * as limits from "../limits.ts"
import * as Query from "../Query.ts"
import * as random from "../random.ts"
import type { Ask, Channel } from "../Transport.ts"
import type { Wheel } from "../Wheel.ts"
import { Burst } from "./Burst.ts"
import { InFlight } from "./InFlight.ts"

export class UdpChannel implements Channel {
  readonly counters = { sockets: 0, opened: 0, stray: 0, icmp: 0 }
  private readonly endpoint: Endpoint
  private readonly wheel: Wheel
  private readonly options: { readonly sockets: number; readonly questions: number }
  private readonly open: Array<UdpSocket> = []
  private readonly retired = new Set<UdpSocket>()
  private inFlight = 0
  /** Questions that leave at the end of this turn. */
  private waiting: Array<Ask> = []
  private readonly burst = new Burst()
  private now = 0
  private closed = false

  constructor(endpoint: Endpoint, wheel: Wheel, options: { readonly sockets: number; readonly questions: number }) {
    this.endpoint = endpoint
    this.wheel = wheel
    this.options = options
  }

  ask(ask: Ask): void {
    if (this.closed) return ask.onUnreachable("ECANCELED", true)
    const socket = this.choose()
    if (typeof socket === "string") return ask.onUnreachable(socket, true)
    socket.take(ask)
    if (++this.inFlight <= limits.udpAtOnce && this.waiting.length === 0) socket.send(ask)
    else {
      const size = this.waiting.push(ask)
      if (this.burst.isDue(size)) this.flush()
      else if (size === 1) setImmediate(this.endTurn)
    }
    if (socket.asked >= this.options.questions) this.retire(socket)
  }

  cancel(ask: Ask): void {
    const socket = ask.place as UdpSocket | undefined
    if (socket === undefined) return
    this.forget(socket, ask)
  }

  close(): void {
    this.closed = true
    this.waiting = []
    for (const socket of this.open.splice(0)) this.finish(socket)
    for (const socket of this.retired) this.finish(socket)
  }

  private readonly endTurn = (): void => {
    this.burst.endTurn(this.inFlight)
    this.flush()
  }

  private flush(): void {
    const { waiting } = this
    this.waiting = []
    // Those cancelled meanwhile have no place any more.
    for (const ask of waiting) if (ask.place instanceof UdpSocket) ask.place.send(ask)
  }

  private forget(socket: UdpSocket, ask: Ask): void {
    if (!socket.forget(ask)) return
    this.inFlight--
    if (socket.retired && socket.pending.size === 0) this.finish(socket)
  }

  /** An open socket at random; a new one while there are fewer than wanted. */
  private choose(): UdpSocket | string {
    const { open } = this
    // In a burst, the time of its first question is that of all.
    if (this.waiting.length === 0) this.now = this.wheel.now()
    const { now } = this
    while (open.length > 0) {
      const index = open.length < this.options.sockets ? open.length : random.bits16() % this.options.sockets
      const socket = open[index]
      if (socket === undefined) break
      if (now < socket.retireAt && socket.pending.size < limits.inFlightPerUdpSocket) return socket
      this.retire(socket)
    }
    const socket = UdpSocket.open(this.endpoint, this.counters, now + limits.udpSocketAge, (done, ask) =>
      this.forget(done, ask)
    )
    if (!(socket instanceof UdpSocket)) return socket
    open.push(socket)
    return socket
  }

  private retire(socket: UdpSocket): void {
    const index = this.open.indexOf(socket)
    if (index >= 0) this.open.splice(index, 1)
    socket.retired = true
    if (socket.pending.size === 0) this.finish(socket)
    else this.retired.add(socket)
  }

  private finish(socket: UdpSocket): void {
    this.retired.delete(socket)
    socket.close()
  }
}

/** It waits for this question no more. */
type OnDone = (socket: UdpSocket, ask: Ask) => void

interface Counters {
  sockets: number
  opened: number
  stray: number
  icmp: number
}

class UdpSocket {
  readonly pending = new InFlight()
  asked = 0
  retired = false
  readonly retireAt: number
  private readonly socket: dgram.Socket
  private readonly counters: Counters
  private readonly onDone: OnDone
  private isClosed = false
  /** What the sends that failed are told of once their burst has left. */
  private unsent: string | undefined
  /**
   * One for all: without it `dgram` keeps to itself that a send failed. The system tells an ICMP error once, to whatever is done
   * next with the socket. In a burst that is the next send, which then does not leave.
   */
  private readonly onSent = (error: NodeJS.ErrnoException | null): void => {
    if (error === null || this.isClosed) return
    if (this.unsent === undefined) queueMicrotask(() => this.tellUnsent())
    this.unsent = error.code ?? "EUNKNOWN"
  }

  /** A socket, or the system's code for why there is none. */
  static open(endpoint: Endpoint, counters: Counters, retireAt: number, onDone: OnDone): UdpSocket | string {
    const family = endpoint.address.includes(":") ? 6 : 4
    let socket: dgram.Socket | undefined
    try {
      socket = dgram.createSocket({
        type: family === 6 ? "udp6" : "udp4",
        // The address is one already; answering at once keeps binding and connecting within this turn of the loop.
        lookup: (host, _options, answer) => answer(null, host, family)
      })
      let failed: NodeJS.ErrnoException | undefined
      socket.on("error", (error: NodeJS.ErrnoException) => {
        failed = error
      })
      socket.connect(endpoint.port, endpoint.address)
      if (failed !== undefined) throw failed
      return new UdpSocket(socket, counters, retireAt, onDone)
    } catch (error) {
      try {
        socket?.close()
      } catch {
        // It was never bound.
      }
      return (error as NodeJS.ErrnoException).code ?? "EUNKNOWN"
    }
  }

  private constructor(socket: dgram.Socket, counters: Counters, retireAt: number, onDone: OnDone) {
    this.socket = socket
    this.counters = counters
    this.retireAt = retireAt
    this.onDone = onDone
    counters.sockets++
    counters.opened++
    socket.removeAllListeners("error")
    socket.on("message", (octets) => this.receive(octets))
    socket.on("error", (error: NodeJS.ErrnoException) => this.fail(error.code ?? "EUNKNOWN"))
    // Nobody who only waits for this socket should be kept alive by it; the timer of the question does that.
    socket.unref()
  }

  /** Draws an id for it; from here on it waits for its reply. */
  take(ask: Ask): void {
    let id = random.bits16()
    while (this.pending.get(id) !== undefined) id = random.bits16()
    ask.id = id
    ask.place = this
    ask.octets[0] = id >> 8
    ask.octets[1] = id
    this.pending.add(ask)
    this.asked++
  }

  send(ask: Ask): void {
    try {
      this.socket.send(ask.octets, this.onSent)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "EUNKNOWN"
      this.onDone(this, ask)
      ask.onUnreachable(code, true)
    }
  }

  forget(ask: Ask): boolean {
    ask.place = undefined
    return this.pending.delete(ask.id)
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.counters.sockets--
    this.pending.clear()
    this.socket.close()
  }

  private receive(octets: Uint8Array): void {
    if (octets.length < 12) {
      this.counters.stray++
      return
    }
    const ask = this.pending.get((octets[0]! << 8) | octets[1]!)
    if (ask === undefined) {
      this.counters.stray++
      return
    }
    switch (Query.match(ask.octets, ask.questionEnd, octets)) {
      case Query.Match.none:
        this.counters.stray++
        return
      case Query.Match.otherCase:
        return ask.onOtherCase()
      default:
        if (!ask.onReply(octets)) {
          this.counters.stray++
          return
        }
        if (ask.place === this) this.onDone(this, ask)
    }
  }

  private tellUnsent(): void {
    const code = this.unsent!
    this.unsent = undefined
    this.fail(code)
  }

  /** An ICMP error says nothing of which question it is about: all hear of it, all are waited for. */
  private fail(code: string): void {
    this.counters.icmp++
    // Those told may send again through this very socket.
    for (const ask of this.pending.all()) {
      if (this.pending.get(ask.id) === ask) ask.onUnreachable(code, false)
    }
  }
}
