/**
 * Questions over one TCP or TLS connection per server, kept and pipelined (RFC 7766 sections 6.2.1 and 7; RFC 7858).
 *
 * The questions of one turn of the event loop leave in one write, or in two when half of all in flight are among them, so
 * that the server works on the one half while the other is made (`Burst.ts`); answers come in whatever order. One system call carries
 * hundreds of questions each way. A connection that breaks is opened anew for the questions that were on it, once
 * each; one that cannot be opened fails all that wait for it.
 */
import * as net from "node:net"
import type { Endpoint } from "../Endpoint.ts"
import * as limits from "../limits.ts"
import * as Query from "../Query.ts"
import * as random from "../random.ts"
import type { Ask, Channel } from "../Transport.ts"
import type { Timer, Wheel } from "../Wheel.ts"
import { Deframer } from "../wire/Framing.ts"
import { Burst } from "./Burst.ts"
import { InFlight } from "./InFlight.ts"
import * as TlsOptions from "./TlsOptions.ts"

export class TcpChannel implements Channel {
  readonly counters = { connections: 0, opened: 0, stray: 0, writes: 0 }
  private readonly endpoint: Endpoint
  private readonly wheel: Wheel
  private readonly options: { readonly idle: number; readonly connectTimeout: number }
  private connection: Connection | undefined
  /** Connections that take no more questions but owe answers. */
  private readonly draining = new Set<Connection>()
  private closed = false
  private readonly session: TlsOptions.Session = { data: undefined }

  constructor(endpoint: Endpoint, wheel: Wheel, options: { readonly idle: number; readonly connectTimeout: number }) {
    this.endpoint = endpoint
    this.wheel = wheel
    this.options = options
  }

  ask(ask: Ask): void {
    if (this.closed) return ask.onUnreachable("ECANCELED", true)
    this.ready().ask(ask, false)
  }

  cancel(ask: Ask): void {
    const connection = ask.place as Connection | undefined
    connection?.forget(ask)
  }

  close(): void {
    this.closed = true
    this.connection?.destroy()
    for (const connection of this.draining) connection.destroy()
    this.draining.clear()
    this.connection = undefined
  }

  private ready(): Connection {
    const current = this.connection
    if (current !== undefined && current.pending.size < limits.inFlightPerConnection) return current
    if (current !== undefined) this.draining.add(current)
    const connection = new Connection(
      this.endpoint,
      this.wheel,
      this.options,
      this.counters,
      this.session,
      (orphans, code) => {
        this.draining.delete(connection)
        if (this.connection === connection) this.connection = undefined
        // The server may close an idle connection just as we send: what was on it is sent once more (RFC 7766 section 6.2.4).
        for (const orphan of orphans) {
          if (this.closed || connection.repeated.has(orphan) || !connection.wasOpen) orphan.onUnreachable(code, true)
          else this.ready().ask(orphan, true)
        }
      }
    )
    this.connection = connection
    return connection
  }
}

class Connection {
  readonly pending = new InFlight()
  /** Questions that were on a connection before, which broke. */
  readonly repeated = new Set<Ask>()
  wasOpen = false
  private readonly socket: net.Socket
  private readonly wheel: Wheel
  private readonly options: { readonly idle: number; readonly connectTimeout: number }
  private readonly counters: TcpChannel["counters"]
  private readonly onEnd: (orphans: ReadonlyArray<Ask>, code: string) => void
  private readonly deframer = new Deframer()
  private queued: Array<Buffer> = []
  private queuedOctets = 0
  private flushing = false
  private readonly burst = new Burst()
  private ended = false
  private timer: Timer | undefined
  private heardAt: number

  constructor(
    endpoint: Endpoint,
    wheel: Wheel,
    options: { readonly idle: number; readonly connectTimeout: number },
    counters: TcpChannel["counters"],
    session: TlsOptions.Session,
    onEnd: (orphans: ReadonlyArray<Ask>, code: string) => void
  ) {
    this.wheel = wheel
    this.options = options
    this.counters = counters
    this.onEnd = onEnd
    this.heardAt = wheel.now()
    counters.opened++
    counters.connections++
    const place = { host: endpoint.address, port: endpoint.port }
    const onOpen = () => this.open()
    this.socket =
      endpoint.protocol === "tls"
        ? TlsOptions.connect(endpoint, session, onOpen)
        : net.connect({ ...place, noDelay: true }, onOpen)
    this.socket.on("data", (chunk: Buffer) => this.receive(chunk))
    this.socket.on("error", (error: NodeJS.ErrnoException) => this.end(error.code ?? "EPROTO"))
    this.socket.on("close", () => this.end("ECONNRESET"))
    this.timer = wheel.set(options.connectTimeout, () => this.check())
  }

  ask(ask: Ask, repeated: boolean): void {
    let id = random.bits16()
    while (this.pending.get(id) !== undefined) id = random.bits16()
    ask.id = id
    ask.place = this
    const { octets } = ask
    octets[0] = id >> 8
    octets[1] = id
    // Silence is counted from when there was something to answer.
    if (this.pending.size === 0) this.heardAt = this.wheel.now()
    this.pending.add(ask)
    if (repeated) this.repeated.add(ask)
    this.queued.push(octets)
    this.queuedOctets += octets.length + 2
    if (!this.wasOpen) return
    if (this.burst.isDue(this.queued.length)) return this.flush()
    if (this.flushing) return
    this.flushing = true
    // After the events of this turn: all that they ask leaves together. A lone question does not wait for company.
    if (this.pending.size === 1) queueMicrotask(this.endTurn)
    else setImmediate(this.endTurn)
  }

  forget(ask: Ask): void {
    ask.place = undefined
    this.pending.delete(ask.id)
    if (this.repeated.size > 0) this.repeated.delete(ask)
    if (this.pending.size === 0) this.rest()
  }

  destroy(): void {
    this.ended = true
    if (this.timer !== undefined) this.wheel.cancel(this.timer)
    this.pending.clear()
    this.counters.connections--
    this.socket.destroy()
  }

  private open(): void {
    this.wasOpen = true
    this.heardAt = this.wheel.now()
    this.flush()
    this.rest()
  }

  private readonly endTurn = (): void => {
    this.burst.endTurn(this.pending.size)
    this.flush()
  }

  private flush(): void {
    this.flushing = false
    if (this.ended || this.queued.length === 0) return
    const piece = Buffer.allocUnsafe(this.queuedOctets)
    let at = 0
    for (const octets of this.queued) {
      const { length } = octets
      piece[at++] = length >> 8
      piece[at++] = length
      // Queries are short: a loop is cheaper than a native copy.
      for (let i = 0; i < length; i++) piece[at++] = octets[i]!
    }
    this.queued = []
    this.queuedOctets = 0
    this.counters.writes++
    this.socket.write(piece)
    if (this.socket.writableLength > limits.connectionBacklog) this.end("ENOBUFS")
  }

  private receive(chunk: Buffer): void {
    const now = (this.heardAt = this.wheel.now())
    for (const octets of this.deframer.push(chunk)) {
      const ask = octets.length < 12 ? undefined : this.pending.get((octets[0]! << 8) | octets[1]!)
      if (ask === undefined) {
        this.counters.stray++
        continue
      }
      // Over a connection the case of the question proves nothing: an answer in another one is an answer.
      if (Query.match(ask.octets, ask.questionEnd, octets) === Query.Match.none || !ask.onReply(octets, now)) {
        this.counters.stray++
        continue
      }
      if (ask.place === this) this.forget(ask)
      if (this.ended) return
    }
  }

  /** Watches over silence: of the handshake, of a server that owes answers, of us. */
  private check(): void {
    this.timer = undefined
    if (this.ended) return
    if (!this.wasOpen) return this.end("ETIMEDOUT")
    const silence = this.wheel.now() - this.heardAt
    const limit = this.pending.size > 0 ? limits.connectionStall : this.options.idle
    if (silence >= limit) return this.end("ETIMEDOUT")
    this.timer = this.wheel.set(limit - silence, () => this.check())
  }

  /** Nothing is asked: the connection stays until it has been idle for long enough. */
  private rest(): void {
    if (!this.wasOpen || this.pending.size > 0 || this.ended) return
    if (this.options.idle === 0) return this.end("ECANCELED")
    const { timer, wheel } = this
    const until = this.heardAt + this.options.idle
    // One that was set for the handshake or for an answer may ring much later than that; the wheel counts whole milliseconds.
    if (timer !== undefined && timer.tick <= until + 1) return
    if (timer !== undefined) wheel.cancel(timer)
    const now = wheel.now()
    this.timer = wheel.set(until - now, () => this.check(), now)
  }

  private end(code: string): void {
    if (this.ended) return
    const orphans = this.pending.all()
    for (const ask of orphans) ask.place = undefined
    this.destroy()
    this.onEnd(orphans, code)
  }
}
