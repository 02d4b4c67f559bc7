/**
 * Connections with callbacks, for those who come from Twisted or asyncore: a protocol is an object that is told what
 * happens, a transport is what it acts on. No fiber, no effect, no copy: what it costs is what the socket costs.
 *
 * Frames are views into a buffer that is used again: copy what is kept. `transport.framing` may be changed from inside
 * `frameReceived`, and then holds for the next frame (asynchat's `set_terminator`, Twisted's `setRawMode`).
 *
 * Fair share: a peer that has sent thousands of frames gets `share` of them handled, then the others have their turn.
 * Callbacks that hold the loop are counted against the protocol's name.
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "./ConnectionError.ts"
import * as Errors from "./ConnectionError.ts"
import * as Conn from "./Connection.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Framing } from "./framing/Framing.ts"
import { Inlet } from "./framing/Framing.ts"
import type { Handler, Link, SystemError, TlsFacts } from "./Link.ts"
import type { LoopWatch } from "./LoopWatch.ts"
import * as Owned from "./Owned.ts"
import * as Server from "./Server.ts"
import type * as Tls from "./Tls.ts"

export interface Protocol {
  /** Shown when its callbacks hold the loop. */
  readonly name?: string
  /** How its octets are cut; without one, `dataReceived` gets chunks as they come. */
  readonly framing?: Framing
  connectionMade?(transport: Transport): void
  /** A whole frame; a view. */
  frameReceived?(frame: Uint8Array, transport: Transport): void
  /** Octets as they come, when no framing is set; a view. */
  dataReceived?(octets: Uint8Array, transport: Transport): void
  /** TLS stands, after `startTls`. */
  tlsStarted?(facts: TlsFacts, transport: Transport): void
  /** The peer closed its side. Without this callback ours is closed too, once all is written. */
  readConnectionLost?(transport: Transport): void
  /** What was written is on its way, after `write` returned false. */
  resumeProducing?(transport: Transport): void
  /** The connection is gone; told once, last. No reason: it ended in order. */
  connectionLost?(reason: ConnectionError | undefined): void
}

/** Bounds of a conversation by callbacks. */
export interface Options {
  /** Frames of one connection handled in one turn of the loop; default 256. */
  readonly share?: number | undefined
  readonly watch?: LoopWatch | undefined
}

/** What a protocol acts on. */
export class Transport implements Handler {
  /** How the next octets are cut; undefined: not at all. */
  framing: Framing | undefined
  readonly #link: Link
  readonly #protocol: Protocol
  readonly #share: number
  readonly #watch: LoopWatch | undefined
  readonly #inlet = new Inlet()
  readonly #owner: Owned.Owner | undefined
  #stopped = false
  #behind: NodeJS.Immediate | undefined = undefined
  #ended = false
  #lost = false

  constructor(link: Link, protocol: Protocol, options: Options = {}, owner?: Set<{ onScopeClosed(): void }>) {
    this.#owner = owner
    this.#link = link
    this.#protocol = protocol
    this.#share = options.share ?? 256
    this.#watch = options.watch
    this.framing = protocol.framing
  }

  get peer(): string {
    return this.#link.peer
  }
  get local(): string | undefined {
    return this.#link.local
  }
  get tls(): TlsFacts | undefined {
    return this.#link.tls
  }

  /** False: too much is unsent, wait for `resumeProducing`. */
  write(octets: Uint8Array): boolean {
    return this.#link.write(octets)
  }

  /** A payload by the framing of the moment. */
  writeFrame(payload: Uint8Array): boolean {
    return this.#link.write(this.framing === undefined ? payload : this.framing.encode(payload))
  }

  /** Stops reading: the peer is held back. */
  pauseProducing(): void {
    this.#stopped = true
    this.#link.pause()
  }

  resumeReading(): void {
    this.#stopped = false
    this.#later()
  }

  /** Closes our side; reading goes on. */
  loseWriteConnection(): void {
    this.#link.end()
  }

  /** Writes out, then closes. */
  loseConnection(): void {
    this.#link.close()
  }

  /** Closes at once, with a reset. */
  abortConnection(): void {
    this.#link.reset()
    this.#gone(undefined)
  }

  /**
   * Goes on in TLS. Throws when plain octets are at hand that were not read (RFC 3207 section 6): in a callback, this
   * costs the connection.
   */
  startTls(options: Tls.ClientOptions | Tls.ServerOptions): void {
    if (this.#link.startTls === undefined) throw new Error(`${this.peer}: this transport cannot be upgraded to TLS`)
    // As in `Connection`: an attacker in between would speak in the name of him whom the handshake is about to prove.
    const unread = this.#inlet.length
    if (unread > 0) throw new Error(`${unread} octets came in plain text and were not read before TLS`)
    this.#link.startTls(options)
  }

  onScopeClosed(): void {
    this.#link.close()
  }

  // Handler

  onOpen(link: Link): void {
    const protocol = this.#protocol
    const { tls } = link
    if (this.#made && tls !== undefined) this.#call(() => protocol.tlsStarted?.(tls, this))
    else {
      this.#made = true
      this.#call(() => protocol.connectionMade?.(this))
    }
  }
  #made = false
  #finished = false

  onOctets(octets: Uint8Array): void {
    if (this.framing === undefined && this.#inlet.length === 0) {
      this.#call(() => this.#protocol.dataReceived?.(octets, this))
      return
    }
    this.#inlet.push(octets)
    if (this.#behind === undefined && !this.#stopped) this.#drain()
    this.#inlet.keep()
  }

  onEnd(): void {
    this.#ended = true
    if (this.#behind === undefined) this.#drain()
  }

  onDrain(): void {
    this.#call(() => this.#protocol.resumeProducing?.(this))
  }

  onClose(cause: SystemError | undefined, link: Link): void {
    const { peer, received, sent } = link
    this.#gone(
      cause === undefined
        ? undefined
        : Errors.quiet(
            () =>
              new Errors.Broken({
                peer,
                stage: "receive",
                sent,
                received,
                detail: cause.message,
                ...(cause.code === undefined ? {} : { code: cause.code })
              })
          )
    )
  }

  /** A callback threw: a bug of the protocol's, which costs it its connection and nobody else theirs. */
  #threw(error: unknown): void {
    const { peer, received, sent } = this.#link
    this.#link.reset()
    const detail = `its protocol threw ${String(error)}`
    this.#gone(Errors.quiet(() => new Errors.Broken({ peer, stage: "receive", sent, received, detail })))
  }

  #drain(): void {
    try {
      this.#drainUnsafe()
    } catch (error) {
      this.#threw(error)
    }
  }

  /** Handles frames up to the share; the rest has its turn after the others. */
  #drainUnsafe(): void {
    const started = this.#watch === undefined ? 0 : performance.now()
    const inlet = this.#inlet
    const protocol = this.#protocol
    let left = this.#share
    for (;;) {
      if (this.#stopped || this.#lost || this.#link.phase === "closed") break
      const { framing } = this
      if (framing === undefined) {
        if (inlet.length === 0) break
        inlet.take(inlet.start, inlet.end, inlet.end)
        protocol.dataReceived?.(inlet.view(), this)
        continue
      }
      const step = framing.next(inlet)
      if (step === "more") break
      if (step !== "frame") {
        this.#bad(step)
        break
      }
      protocol.frameReceived?.(inlet.view(), this)
      if (--left === 0) {
        this.#link.pause()
        this.#later()
        break
      }
    }
    if (this.#watch !== undefined)
      this.#watch.held(`protocol ${protocol.name ?? "without a name"}`, performance.now() - started)
    if (this.#ended && this.#behind === undefined && !this.#stopped) this.#finish()
  }

  #later(): void {
    if (this.#behind !== undefined) return
    this.#behind = setImmediate(() => {
      this.#behind = undefined
      if (this.#link.phase === "closed" && !this.#ended) return
      this.#drain()
      this.#inlet.keep()
      if (this.#behind === undefined && !this.#stopped && !this.#lost && this.#link.phase === "open")
        this.#link.resume()
    })
  }

  /** The peer closed its side, and all that it sent has been handled. */
  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    const { framing } = this
    if (framing !== undefined && this.#inlet.length > 0) {
      const last = framing.last(this.#inlet)
      if (last === "frame") this.#protocol.frameReceived?.(this.#inlet.view(), this)
      else if (last !== "more") {
        this.#bad(last)
        return
      }
    }
    if (this.#protocol.readConnectionLost !== undefined) this.#protocol.readConnectionLost(this)
    else this.#link.close()
  }

  #bad(error: Errors.BadFrame["error"]): void {
    const { peer, received, sent } = this.#link
    this.#link.reset()
    this.#gone(Errors.quiet(() => new Errors.BadFrame({ peer, stage: "receive", sent, received, error })))
  }

  #gone(reason: ConnectionError | undefined): void {
    if (this.#lost) return
    this.#lost = true
    this.#owner?.delete(this)
    if (this.#behind !== undefined) clearImmediate(this.#behind)
    try {
      this.#protocol.connectionLost?.(reason)
    } catch (error) {
      // There is no connection left that it could cost.
      process.emitWarning(`protocol ${this.#protocol.name ?? "without a name"}: connectionLost threw ${String(error)}`)
    }
  }

  #call(callback: () => void): void {
    try {
      if (this.#watch === undefined) callback()
      else this.#watch.run(`protocol ${this.#protocol.name ?? "without a name"}`, callback)
    } catch (error) {
      this.#threw(error)
    }
  }
}

/** Serves: one protocol per connection, made by the factory. */
export const serve = (
  listen: Server.Listen,
  factory: (peer: string) => Protocol,
  options: Options & Server.Options = {}
): Effect.Effect<Server.Server, Server.ListenError, Scope.Scope> =>
  Server.serveLinks(
    listen,
    (link) => {
      let protocol: Protocol
      try {
        protocol = factory(link.peer)
      } catch (error) {
        // It costs this client its connection, and nobody else theirs.
        options.onFailure?.(link.peer, Exit.die(error))
        return undefined
      }
      return new Transport(link, protocol, options)
    },
    options
  )

/** Connects, and gives the connection to the protocol until it ends or the scope does. */
export const connect = (
  endpoint: Endpoint | string,
  protocol: Protocol,
  options: Options & Conn.Options = {}
): Effect.Effect<Transport, ConnectionError, Scope.Scope> =>
  Owned.acquire(Conn.connectLink(endpoint, options), (link, owner) => {
    const transport = new Transport(link, protocol, options, owner)
    link.handler = transport
    transport.onOpen(link)
    return transport
  })
