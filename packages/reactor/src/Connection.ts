/**
 * A connection for those who want one: frames in, octets out, as effects.
 *
 * Reading takes one frame at a time, each by the framing of the moment; what was not read holds the peer back above
 * the high-water mark. Writing waits while too much is unsent. Closing the scope closes the connection. Interrupting a
 * read or write leaves the connection as it is: no octet is lost.
 *
 * Timeouts destroy the connection: after one, nobody knows what the peer believes. The idle timeout runs while a read
 * or a write waits, and starts anew with every octet that moves.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Dns from "effect/net/Dns"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError } from "./ConnectionError.ts"
import * as Errors from "./ConnectionError.ts"
import { Deadline, now } from "./Deadline.ts"
import * as Dial from "./Dial.ts"
import type { Endpoint } from "./Endpoint.ts"
import { parseUnsafe } from "./Endpoint.ts"
import type { Framing, FramingError, Step } from "./framing/Framing.ts"
import { Inlet } from "./framing/Framing.ts"
import * as limits from "./limits.ts"
import type { Handler, Link, SystemError, TlsFacts } from "./Link.ts"
import { Names, toDns } from "./Names.ts"
import * as Owned from "./Owned.ts"
import * as Opener from "./Opener.ts"
import type * as Tls from "./Tls.ts"

/** How long each stage may take, in milliseconds. */
export interface Timeouts {
  /** Resolving and connecting; default 10 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** The handshake of `startTls`; default 10 seconds. */
  readonly tlsTimeout?: Duration.Input | undefined
  /** From open to the first octet; default none. */
  readonly firstByteTimeout?: Duration.Input | undefined
  /** Silence while somebody waits; default 10 seconds. */
  readonly idleTimeout?: Duration.Input | undefined
  /** From the start of a read to its frame's end, however much moves: for peers that trickle; default none. */
  readonly frameTimeout?: Duration.Input | undefined
  /** From the first step to the last; default none. */
  readonly totalTimeout?: Duration.Input | undefined
}

/** How a connection is opened, read and written. */
export interface Options extends Timeouts, Opener.Options {
  /** Unread octets from which the peer is held back; default 65,536. */
  readonly highWaterOctets?: number | undefined
  /** Unread octets at which it may go on; default a quarter of the high mark. */
  readonly lowWaterOctets?: number | undefined
}

const defaults: Options = {}

export interface Connection {
  /** The other end, as `127.0.0.1:80`, `[::1]:80` or a path. */
  readonly peer: string
  /** Our end. */
  readonly local: string | undefined
  /** Octets so far. */
  readonly sent: number
  readonly received: number
  /** Whether it can still be written to. */
  readonly isOpen: boolean
  /** What TLS settled, where it is spoken. */
  readonly tls: TlsFacts | undefined
  /** The next frame, in memory of its own. One reader at a time: a second is a defect. */
  readonly read: (framing: Framing) => Effect.Effect<Uint8Array, ConnectionError>
  /** What has come, at least one octet; `None` once the peer has closed its side and all is read. */
  readonly readSome: Effect.Effect<Option.Option<Uint8Array>, ConnectionError>
  /** Frames until the peer closes between two of them. */
  readonly frames: (framing: Framing) => Stream.Stream<Uint8Array, ConnectionError>
  /** Hands octets to the system; waits while more than the high-water mark is unsent. */
  readonly write: (octets: Uint8Array) => Effect.Effect<void, ConnectionError>
  /** Writes a payload as one frame. A payload that the framing cannot carry is a defect. */
  readonly writeFrame: (framing: Framing, payload: Uint8Array) => Effect.Effect<void, ConnectionError>
  /** Writes all that a producer gives, as fast as the peer takes it. */
  readonly writeAll: <E, R>(producer: Stream.Stream<Uint8Array, E, R>) => Effect.Effect<void, ConnectionError | E, R>
  /** Closes our side; reading goes on. */
  readonly end: Effect.Effect<void>
  /**
   * Goes on in TLS. What came in plain text and was not read by then is nobody's word (RFC 3207 section 6, CVE-2011-0411):
   * with such octets at hand it fails with `TlsFailed` and closes the connection.
   */
  readonly startTls: (options: Tls.ClientOptions | Tls.ServerOptions) => Effect.Effect<TlsFacts, ConnectionError>
  /** Writes out and closes; the scope does it too. */
  readonly close: Effect.Effect<void>
  /** Closes at once, with a reset. */
  readonly abort: Effect.Effect<void>
}

/**
 * Opens a connection that lives as long as the scope. The peer is an endpoint, or its text (`tcp:example.org:80`); names
 * are resolved by the `Dns` in the context, otherwise by c-ares.
 */
export const connect = (
  endpoint: Endpoint | string,
  options: Options = defaults
): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
  Effect.suspend(() => {
    const started = now()
    return Owned.acquire(
      connectLink(endpoint, options),
      (link, owner) => new LinkConnection(link, options, started, owner)
    )
  })

/** As `connect`, for a bare link whose closing is the caller's. Its handler must be set at once. */
export const connectLink = (
  endpoint: Endpoint | string,
  options: Options = defaults
): Effect.Effect<Link, ConnectionError> =>
  Effect.withFiber((fiber) => {
    const { peer, transport } = typeof endpoint === "string" ? parseUnsafe(endpoint) : endpoint
    const opener = Opener.of(options)
    // A resolver of our own only where there is a name and nobody else to ask: c-ares takes more memory than a socket.
    const provided = Option.getOrUndefined(Context.getOption(fiber.context, Dns.Dns))
    const names =
      provided === undefined && !opener.unresolved && Dial.targetOf(peer) === undefined ? new Names() : undefined
    const dns = provided ?? (names === undefined ? noNames : toDns(names))
    const connectMillis = millis(options.connectTimeout, limits.connectTimeout)
    const totalMillis = millis(options.totalTimeout, undefined)
    return Effect.callback<Link, ConnectionError>((resume) => {
      let opened: Link | undefined
      const fail = (error: ConnectionError): void => {
        deadline.free()
        names?.close()
        resume(Effect.fail(error))
      }
      const deadline = new Deadline({
        onDeadline: () => {
          const at = { peer: dialling.peer, stage: dialling.stage, sent: 0, received: 0 }
          dialling.cancel()
          fail(
            Errors.quiet(() =>
              totalMillis < connectMillis
                ? new Errors.TotalTimeout({ ...at, millis: totalMillis })
                : at.stage === "tls"
                  ? new Errors.TlsTimeout({ ...at, millis: connectMillis })
                  : new Errors.ConnectTimeout({ ...at, millis: connectMillis })
            )
          )
        }
      })
      const dialling = Dial.dial(
        peer,
        {
          dns,
          attemptDelay: limits.attemptDelay.default,
          resolutionDelay: limits.resolutionDelay.default,
          unresolved: opener.unresolved,
          open: transport === "tls" ? opener.secured : opener.plain
        },
        {
          opened: (link) => {
            deadline.free()
            names?.close()
            opened = link
            resume(Exit.succeed(link))
          },
          failed: (trouble) => fail(dialFailed(Dial.format(peer), trouble))
        },
        fiber.context
      )
      deadline.set(Math.min(connectMillis, totalMillis))
      return Effect.sync(() => {
        deadline.free()
        names?.close()
        dialling.cancel()
        // The fiber may yield, and be interrupted, between the opening and whoever takes the link.
        opened?.destroy()
      })
    })
  })

/** A connection over a link of somebody's. */
export interface Lent extends Connection, Handler {
  /**
   * Lets go of the link without closing it; nothing can be done here any more. Whether the link may be lent again: nothing
   * is unread or half done, and neither side has ended.
   */
  readonly detach: () => boolean
}

/** A connection over a link that is open, for servers, pools and transports of one's own. */
export const fromLink = (link: Link, options: Options = defaults): Lent => new LinkConnection(link, options, now())

/** For peers that have an address. */
const noNames = Dns.make({ lookup: () => Effect.die("an address is not looked up") })

const dialFailed = (peer: string, trouble: Dial.Trouble): ConnectionError =>
  Errors.quiet(() => {
    const none = { sent: 0, received: 0 }
    if (trouble.stage === "resolve") {
      const { error } = trouble
      return new Errors.ResolveFailed({ ...none, peer, stage: "resolve", code: error.reason, detail: error.message })
    }
    const why = reasonOf(trouble.cause)
    return trouble.stage === "tls"
      ? new Errors.TlsFailed({ ...none, peer: trouble.peer, stage: "tls", ...why })
      : new Errors.ConnectFailed({ ...none, peer: trouble.peer, stage: "connect", ...why })
  })

const reasonOf = (cause: SystemError | undefined): { readonly code?: string; readonly detail?: string } =>
  cause === undefined ? {} : { ...(cause.code === undefined ? {} : { code: cause.code }), detail: cause.message }

const millis = (input: Duration.Input | undefined, bounds: limits.Limit | undefined): number =>
  input === undefined ? (bounds?.default ?? Infinity) : Duration.toMillis(Duration.fromInputUnsafe(input))

/** Options as numbers; connections with the same options share them. */
interface Settings {
  readonly highWater: number
  readonly lowWater: number
  readonly idle: number
  readonly tls: number
  readonly firstByte: number
  readonly frame: number
  readonly total: number
}

const known = new WeakMap<Options, Settings>()

const settingsOf = (options: Options): Settings => {
  let settings = known.get(options)
  if (settings === undefined) {
    const highWater = limits.check("highWaterOctets", limits.highWaterOctets, options.highWaterOctets)
    const lowWater = options.lowWaterOctets ?? Math.floor(highWater / 4)
    settings = {
      highWater,
      lowWater: limits.check("lowWaterOctets", limits.lowWaterOctets, lowWater),
      idle: millis(options.idleTimeout, limits.idleTimeout),
      tls: millis(options.tlsTimeout, limits.tlsTimeout),
      firstByte: millis(options.firstByteTimeout, undefined),
      frame: millis(options.frameTimeout, undefined),
      total: millis(options.totalTimeout, undefined)
    }
    known.set(options, settings)
  }
  return settings
}

/** Who waits for octets: `None` of a framing means any. Told whether there is a frame for him, or will never be one. */
interface Waiter {
  readonly framing: Framing | undefined
  readonly resume: (exit: Exit.Exit<boolean, ConnectionError>) => void
}

/** There is a frame; there will be none. */
const there = Exit.succeed(true)
const over = Exit.succeed(false)

/** An inlet that nobody holds: most frames come and go within one call, and one inlet serves for all of them. */
let spare: Inlet | undefined = undefined

class LinkConnection implements Lent, Owned.Closable {
  readonly #link: Link
  /** There while octets are in it: an idle connection has none. */
  #held: Inlet | undefined = undefined
  /** Where its scope keeps it, until it is gone. */
  readonly #owner: Owned.Owner | undefined
  readonly #settings: Settings
  readonly #totalAt: number
  #firstAt: number
  /** There while somebody waits: an idle connection has none. */
  #deadline: Deadline | undefined = undefined
  #wait: "first" | "idle" | "frame" | "total" | "tls" = "idle"
  #readFrom = 0
  #reader: Waiter | undefined = undefined
  #writers: Set<(exit: Exit.Exit<void, ConnectionError>) => void> | undefined = undefined
  #upgrading: ((exit: Exit.Exit<TlsFacts, ConnectionError>) => void) | undefined = undefined
  #paused = false
  #ended = false
  /** Our side is closed. */
  #finished = false
  #error: ConnectionError | undefined = undefined
  #unsentBefore = 0

  constructor(link: Link, options: Options, started: number, owner?: Owned.Owner) {
    this.#owner = owner
    this.#link = link
    const settings = settingsOf(options)
    this.#settings = settings
    this.#totalAt = settings.total === Infinity ? Infinity : started + settings.total
    this.#firstAt = settings.firstByte === Infinity ? Infinity : now() + settings.firstByte
    link.handler = this
    this.#rearm()
  }

  get peer(): string {
    return this.#link.peer
  }
  get local(): string | undefined {
    return this.#link.local
  }
  get sent(): number {
    return this.#link.sent
  }
  get received(): number {
    return this.#link.received
  }
  get isOpen(): boolean {
    return this.#error === undefined && !this.#finished && this.#link.phase === "open"
  }
  get tls(): TlsFacts | undefined {
    return this.#link.tls
  }

  // Functions of their own, so that they can be passed on; made when asked for, so that an idle connection has none.
  get read(): Connection["read"] {
    return (framing) =>
      Effect.flatMap(this.#ready(framing), (isThere) =>
        isThere ? Effect.sync(() => this.#take(framing)) : Effect.fail(this.#closedByPeer())
      )
  }

  get readSome(): Effect.Effect<Option.Option<Uint8Array>, ConnectionError> {
    return Effect.flatMap(this.#ready(undefined), (isThere) =>
      Effect.sync(() => (isThere ? Option.some(this.#take(undefined)) : Option.none()))
    )
  }

  /**
   * Waits until a frame can be taken: false when there will be none. The frame stays where it is until its reader takes it
   * in one step, since a fiber may yield, and be interrupted, between being told and going on.
   */
  #ready(framing: Framing | undefined): Effect.Effect<boolean, ConnectionError> {
    return Effect.callback<boolean, ConnectionError>((resume) => {
      const exit = this.#look(framing)
      if (exit === undefined) return this.#waitToRead({ framing, resume })
      resume(exit)
      return undefined
    })
  }

  frames(framing: Framing): Stream.Stream<Uint8Array, ConnectionError> {
    return Stream.fromEffectRepeat(
      Effect.suspend(() => this.read(framing)).pipe(
        Effect.map(Option.some),
        Effect.catchTag("PeerClosed", () => Effect.succeed(Option.none<Uint8Array>()))
      )
    ).pipe(
      Stream.takeWhile(Option.isSome),
      Stream.map((frame) => frame.value)
    )
  }

  get write(): Connection["write"] {
    return (octets) =>
      Effect.suspend(() => {
        if (this.#error !== undefined) return Effect.fail(this.#error)
        if (this.#finished) return Effect.fail(this.#closedByUs())
        if (this.#link.write(octets)) return Effect.void
        return Effect.callback<void, ConnectionError>((resume) => {
          if (this.#error !== undefined) {
            resume(Exit.fail(this.#error))
            return undefined
          }
          // Writers that wait together go on together.
          const writers = (this.#writers ??= new Set())
          writers.add(resume)
          this.#unsentBefore = this.#link.unsent
          this.#rearm()
          return Effect.sync(() => {
            writers.delete(resume)
            if (writers.size === 0 && this.#writers === writers) this.#writers = undefined
            this.#rearm()
          })
        })
      })
  }

  writeFrame(framing: Framing, payload: Uint8Array): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => this.write(framing.encode(payload)))
  }

  writeAll<E, R>(producer: Stream.Stream<Uint8Array, E, R>): Effect.Effect<void, ConnectionError | E, R> {
    return Stream.runForEach(producer, this.write)
  }

  get end(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#error === undefined) this.#finished = true
      this.#link.end()
    })
  }

  startTls(options: Tls.ClientOptions | Tls.ServerOptions): Effect.Effect<TlsFacts, ConnectionError> {
    return Effect.callback<TlsFacts, ConnectionError>((resume) => {
      if (this.#error !== undefined) {
        resume(Exit.fail(this.#error))
        return undefined
      }
      if (this.#link.startTls === undefined) {
        resume(Exit.die(new Error(`${this.peer}: this transport cannot be upgraded to TLS`)))
        return undefined
      }
      // An attacker in between would speak in the name of him whom the handshake is about to prove.
      const unread = this.#held?.length ?? 0
      if (unread > 0) {
        const detail = `${unread} octets came in plain text and were not read before TLS`
        this.#fail(Errors.quiet(() => new Errors.TlsFailed({ ...this.#progress("tls"), detail })))
        this.#held = undefined
        this.#link.reset()
        resume(Exit.fail(this.#error!))
        return undefined
      }
      this.#upgrading = resume
      try {
        this.#link.startTls(options)
      } catch (cause) {
        this.#upgrading = undefined
        resume(Exit.die(cause))
        return undefined
      }
      this.#rearm()
      // A handshake cannot be taken back: giving up closes the connection.
      return Effect.sync(() => this.#shut(() => this.#link.destroy()))
    })
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => this.#shut(() => this.#link.close()))
  }

  get abort(): Effect.Effect<void> {
    return Effect.sync(() => this.#shut(() => this.#link.reset()))
  }

  // Handler

  onOpen(link: Link): void {
    const upgrading = this.#upgrading
    this.#upgrading = undefined
    this.#rearm()
    upgrading?.(Exit.succeed(link.tls!))
  }

  onOctets(octets: Uint8Array): void {
    this.#firstAt = Infinity
    const inlet = this.#inlet()
    inlet.push(octets)
    const reader = this.#reader
    if (reader !== undefined) {
      const exit = this.#look(reader.framing)
      if (exit !== undefined) {
        this.#reader = undefined
        reader.resume(exit)
      }
    }
    inlet.keep()
    if (!this.#paused && this.#reader === undefined && inlet.length >= this.#settings.highWater) {
      this.#paused = true
      this.#link.pause()
    }
    if (inlet.length === 0) {
      this.#held = undefined
      spare = inlet
    }
    this.#rearm()
  }

  #inlet(): Inlet {
    if (this.#held === undefined) {
      this.#held = spare ?? new Inlet()
      spare = undefined
    }
    return this.#held
  }

  onEnd(): void {
    this.#ended = true
    const reader = this.#reader
    if (reader === undefined) return
    this.#reader = undefined
    reader.resume(this.#look(reader.framing) ?? over)
    this.#rearm()
  }

  onDrain(): void {
    const writers = this.#writers
    this.#writers = undefined
    this.#rearm()
    if (writers !== undefined) for (const writer of writers) writer(Exit.void)
  }

  onClose(cause: SystemError | undefined, link: Link): void {
    const at = this.#progress(this.#upgrading !== undefined ? "tls" : link.unsent > 0 ? "send" : "receive")
    this.#fail(
      Errors.quiet(() =>
        this.#upgrading !== undefined
          ? new Errors.TlsFailed({ ...at, ...reasonOf(cause) })
          : cause === undefined
            ? new Errors.PeerClosed(at)
            : new Errors.Broken({ ...at, ...reasonOf(cause) })
      )
    )
  }

  onScopeClosed(): void {
    this.#shut(() => this.#link.close())
  }

  detach(): boolean {
    const isClean =
      this.isOpen &&
      !this.#ended &&
      (this.#held === undefined || this.#held.length === 0) &&
      this.#reader === undefined &&
      this.#writers === undefined &&
      this.#upgrading === undefined
    if (this.#error === undefined) this.#fail(this.#closedByUs())
    return isClean
  }

  #waitToRead(waiter: Waiter): Effect.Effect<void> {
    if (this.#reader !== undefined) {
      waiter.resume(Exit.die(new Error(`${this.peer}: two reads at once on one connection`)))
      return Effect.void
    }
    this.#reader = waiter
    if (this.#settings.frame !== Infinity) this.#readFrom = now()
    if (this.#paused) {
      this.#paused = false
      this.#link.resume()
    }
    this.#rearm()
    return Effect.sync(() => {
      if (this.#reader === waiter) this.#reader = undefined
      this.#rearm()
    })
  }

  /** What can be had at once: a frame, an error, the end, or nothing yet. Nothing is taken. */
  #look(framing: Framing | undefined): Exit.Exit<boolean, ConnectionError> | undefined {
    if (this.#held === undefined && !this.#ended) {
      return this.#error === undefined ? undefined : Exit.fail(this.#error)
    }
    const inlet = this.#inlet()
    const { start } = inlet
    const step = this.#next(framing, inlet)
    if (step === "frame" || step === "last") {
      inlet.start = start
      return there
    }
    if (step !== "more") return Exit.fail(this.#badFrame(step))
    if (this.#isOver) return over
    return this.#error === undefined ? undefined : Exit.fail(this.#error)
  }

  #next(framing: Framing | undefined, inlet: Inlet): Step | "last" {
    if (framing === undefined) return inlet.length > 0 ? inlet.take(inlet.start, inlet.end, inlet.end) : "more"
    const step = inlet.length > 0 || this.#ended ? framing.next(inlet) : "more"
    if (step !== "more" || !this.#ended) return step
    const last = framing.last(inlet)
    // After an end there is one last frame, once.
    if (last !== "frame") return last
    return inlet.frameEnd > inlet.frameStart || !this.#gaveLast ? "last" : "more"
  }
  #gaveLast = false

  /** The peer has closed its side in order: what was not read by then is the last. */
  get #isOver(): boolean {
    return this.#ended && (this.#error === undefined || this.#error._tag === "PeerClosed")
  }

  /** The frame that was seen to be there. */
  #take(framing: Framing | undefined): Uint8Array {
    const inlet = this.#inlet()
    if (this.#next(framing, inlet) === "last") this.#gaveLast = true
    const frame = inlet.copy()
    if (this.#paused && inlet.length <= this.#settings.lowWater) {
      this.#paused = false
      this.#link.resume()
    }
    return frame
  }

  #rearm(): void {
    if (this.#error !== undefined) return
    const waiting = this.#reader !== undefined || this.#writers !== undefined
    let at = this.#totalAt
    this.#wait = "total"
    if (this.#upgrading !== undefined) {
      const tlsAt = now() + this.#settings.tls
      if (tlsAt < at) [at, this.#wait] = [tlsAt, "tls"]
    } else {
      if (waiting && this.#settings.idle !== Infinity) {
        const idleAt = now() + this.#settings.idle
        if (idleAt < at) [at, this.#wait] = [idleAt, "idle"]
      }
      if (this.#reader !== undefined && this.#settings.frame !== Infinity) {
        const frameAt = this.#readFrom + this.#settings.frame
        if (frameAt < at) [at, this.#wait] = [frameAt, "frame"]
      }
      if (this.#firstAt < at) [at, this.#wait] = [this.#firstAt, "first"]
    }
    if (at === Infinity) {
      this.#deadline?.free()
      this.#deadline = undefined
    } else {
      this.#deadline ??= new Deadline(this)
      this.#deadline.setAt(at)
    }
  }

  onDeadline(): void {
    const { unsent } = this.#link
    if (this.#wait === "idle" && this.#writers !== undefined && unsent < this.#unsentBefore) {
      this.#unsentBefore = unsent
      this.#rearm()
      return
    }
    const wait = this.#wait
    const at = this.#progress(wait === "tls" ? "tls" : this.#writers !== undefined ? "send" : "receive")
    this.#link.destroy()
    this.#fail(
      Errors.quiet(() =>
        wait === "tls"
          ? new Errors.TlsTimeout({ ...at, millis: this.#settings.tls })
          : wait === "frame"
            ? new Errors.FrameTimeout({ ...at, millis: this.#settings.frame })
            : wait === "first"
              ? new Errors.FirstByteTimeout({ ...at, millis: this.#settings.firstByte })
              : wait === "total"
                ? new Errors.TotalTimeout({ ...at, millis: this.#settings.total })
                : new Errors.IdleTimeout({ ...at, millis: this.#settings.idle })
      )
    )
  }

  /** The link is gone: everyone who waits is told, and everyone who comes. */
  #fail(error: ConnectionError): void {
    this.#error ??= error
    this.#owner?.delete(this)
    this.#deadline?.free()
    this.#deadline = undefined
    const [reader, writers, upgrading] = [this.#reader, this.#writers, this.#upgrading]
    this.#reader = this.#writers = this.#upgrading = undefined
    const exit = Exit.fail(this.#error)
    if (writers !== undefined) for (const writer of writers) writer(exit)
    upgrading?.(exit)
    reader?.resume(this.#isOver ? over : exit)
  }

  #shut(shut: () => void): void {
    if (this.#error === undefined) this.#fail(this.#closedByUs())
    shut()
  }

  #closedByPeer(): ConnectionError {
    return this.#error ?? Errors.quiet(() => new Errors.PeerClosed(this.#progress("receive")))
  }

  #closedByUs(): ConnectionError {
    return Errors.quiet(() => new Errors.Closed(this.#progress("receive")))
  }

  #badFrame(error: FramingError): ConnectionError {
    return Errors.quiet(() => new Errors.BadFrame({ ...this.#progress("receive"), error }))
  }

  #progress(stage: ConnectionError["stage"]) {
    const { peer, received, sent, unsent } = this.#link
    return { peer, stage, sent: Math.max(0, sent - unsent), received }
  }
}
