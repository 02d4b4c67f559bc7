/**
 * Kept connections per peer, for protocols that answer each request with one frame, in order.
 *
 * `exchange` takes the connection with the fewest requests under way, opens another up to `perPeer`, and otherwise
 * waits its turn. With `pipeline` above 1 several requests are under way on one connection (only for protocols that
 * allow it). `use` leases a whole connection instead.
 *
 * What keeps a pool from handing out dead connections: the loop watches idle ones and drops those that end or speak,
 * the age and use of each is limited, and `health` asks those that were idle for long before they are used again. A
 * request whose connection breaks fails, and is not repeated: the peer may have acted on it.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "./ConnectionError.ts"
import * as Errors from "./ConnectionError.ts"
import * as Conn from "./Connection.ts"
import { Deadline, now } from "./Deadline.ts"
import type { Framing } from "./framing/Framing.ts"
import { Inlet } from "./framing/Framing.ts"
import * as limits from "./limits.ts"
import type { Handler, Link, SystemError } from "./Link.ts"

export interface Options extends Conn.Options {
  /** Connections per peer at most, idle or not; default 64. */
  readonly perPeer?: number | undefined
  /** Requests under way on one connection at most; default 1. */
  readonly pipeline?: number | undefined
  /** Idle time after which a connection is closed; default 4 seconds. */
  readonly idle?: Duration.Input | undefined
  /** Age after which a connection takes no more requests; default none. */
  readonly maxAge?: Duration.Input | undefined
  /** Requests after which a connection is closed; default none. */
  readonly maxUses?: number | undefined
  /** Asks a connection that was idle for `after` whether it is well, before it is used again. */
  readonly health?:
    | {
        readonly after: Duration.Input
        readonly request: Uint8Array
        readonly framing: Framing
        readonly accept: (reply: Uint8Array) => boolean
      }
    | undefined
}

export interface Stats {
  readonly open: number
  readonly idle: number
  readonly waiting: number
  readonly opened: number
  readonly reused: number
  /** Closed for age, use or idleness. */
  readonly evicted: number
  /** Dropped because they ended, spoke out of turn or were not well. */
  readonly dropped: number
}

export interface Pool {
  /** Sends a request, and gives the frame that answers it. Interrupting closes its connection: the reply has no owner. */
  readonly exchange: (
    endpoint: string,
    request: Uint8Array,
    framing: Framing
  ) => Effect.Effect<Uint8Array, ConnectionError>
  /** Leases a connection; it goes back when the effect succeeds, and is closed when it does not. */
  readonly use: <A, E, R>(
    endpoint: string,
    work: (connection: Conn.Connection) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, ConnectionError | E, R>
  /** Opens connections before they are needed, up to `perPeer`. */
  readonly warm: (endpoint: string, connections: number) => Effect.Effect<void, ConnectionError>
  readonly stats: Effect.Effect<Stats>
}

type Tell = (exit: Exit.Exit<Uint8Array, ConnectionError>) => void

/** A request under way or waiting. */
interface Pending {
  readonly request: Uint8Array
  readonly framing: Framing
  tell: Tell | undefined
}

/** One who wants a connection for himself. */
interface Lessee {
  readonly lease: (exit: Exit.Exit<Channel, ConnectionError>) => void
  channel: Channel | undefined
  gone: boolean
}

interface Settings {
  readonly perPeer: number
  readonly pipeline: number
  readonly idle: number
  readonly maxAge: number
  readonly maxUses: number
  readonly timeout: number
  readonly options: Options
}

/** Makes a pool that lives as long as the scope. */
export const make = (options: Options = {}): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.gen(function* () {
    const millis = (input: Duration.Input | undefined, otherwise: number): number =>
      input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))
    const settings: Settings = {
      perPeer: limits.check("perPeer", limits.keptPerPeer, options.perPeer),
      pipeline: options.pipeline ?? 1,
      idle: millis(options.idle, limits.keptIdle.default),
      maxAge: millis(options.maxAge, Infinity),
      maxUses: options.maxUses ?? Infinity,
      timeout: millis(options.idleTimeout, limits.idleTimeout.default),
      options
    }
    const context = yield* Effect.context<never>()
    const open = (endpoint: string, done: (exit: Exit.Exit<Link, ConnectionError>) => void): (() => void) =>
      Effect.runCallbackWith(context)(Conn.connectLink(endpoint, options), { onExit: done })
    const peers = new Map<string, Peer>()
    const counts: Counts = { opened: 0, reused: 0, evicted: 0, dropped: 0 }
    const peerOf = (endpoint: string): Peer => {
      let peer = peers.get(endpoint)
      if (peer === undefined) peers.set(endpoint, (peer = new Peer(endpoint, settings, open, counts)))
      return peer
    }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const peer of peers.values()) peer.close()
      })
    )
    const use: Pool["use"] = (endpoint, work) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(
          restore(
            Effect.callback<Channel, ConnectionError>((resume) => {
              const lessee: Lessee = {
                channel: undefined,
                gone: false,
                lease: (exit) => {
                  if (exit._tag === "Success") lessee.channel = exit.value
                  resume(exit)
                }
              }
              peerOf(endpoint).lease(lessee)
              return Effect.sync(() => {
                lessee.gone = true
                // It was given in the very moment of the interruption.
                lessee.channel?.release(true)
              })
            })
          ),
          (channel) =>
            Effect.onExit(restore(Effect.suspend(() => work(Conn.fromLink(channel.link, options)))), (exit) =>
              Effect.sync(() => channel.release(exit._tag === "Success"))
            )
        )
      )
    return {
      exchange: (endpoint, request, framing) =>
        Effect.callback<Uint8Array, ConnectionError>((resume) => {
          const pending: Pending = { request, framing, tell: resume }
          const peer = peerOf(endpoint)
          peer.submit(pending)
          return Effect.sync(() => peer.forget(pending))
        }),
      use,
      warm: (endpoint, connections) =>
        Effect.callback<void, ConnectionError>((resume) => {
          peerOf(endpoint).warm(connections, resume)
        }),
      stats: Effect.sync(() => {
        let [open, idle, waiting] = [0, 0, 0]
        for (const peer of peers.values()) {
          open += peer.channels.size
          waiting += peer.waiting
          for (const channel of peer.channels) if (channel.isIdle) idle++
        }
        return { open, idle, waiting, ...counts }
      })
    }
  })

interface Counts {
  opened: number
  reused: number
  evicted: number
  dropped: number
}

type Open = (endpoint: string, done: (exit: Exit.Exit<Link, ConnectionError>) => void) => () => void

/** All connections to one peer, and who waits for them. */
class Peer {
  readonly channels = new Set<Channel>()
  readonly #endpoint: string
  readonly settings: Settings
  readonly counts: Counts
  readonly #open: Open
  /** Connections being opened, and how to call them off. */
  readonly #opening = new Set<() => void>()
  #queue: Array<Pending> = []
  #head = 0
  readonly #lessees: Array<Lessee> = []
  /** Channels that can take a request now; the last one is the warmest. */
  readonly #free: Array<Channel> = []
  #closed = false

  constructor(endpoint: string, settings: Settings, open: Open, counts: Counts) {
    this.#endpoint = endpoint
    this.settings = settings
    this.#open = open
    this.counts = counts
  }

  get waiting(): number {
    return this.#queue.length - this.#head + this.#lessees.length
  }

  submit(pending: Pending): void {
    const channel = this.#pick()
    if (channel !== undefined) {
      this.counts.reused++
      channel.send(pending)
      return
    }
    this.#queue.push(pending)
    this.#grow()
  }

  lease(lessee: Lessee): void {
    this.#lessees.push(lessee)
    this.#serve()
    this.#grow()
  }

  forget(pending: Pending): void {
    pending.tell = undefined
    const at = this.#queue.indexOf(pending, this.#head)
    if (at >= 0) this.#queue.splice(at, 1)
    else for (const channel of this.channels) channel.forget(pending)
  }

  warm(connections: number, done: (exit: Exit.Exit<void, ConnectionError>) => void): void {
    const missing = Math.min(connections, this.settings.perPeer) - this.channels.size - this.#opening.size
    if (missing <= 0) {
      done(Exit.void)
      return
    }
    let left = missing
    let failure: Exit.Exit<void, ConnectionError> = Exit.void
    for (let i = 0; i < missing; i++) {
      this.#connect((exit) => {
        if (exit._tag === "Failure") failure = exit
        if (--left === 0) done(failure)
      })
    }
  }

  /** A channel has room: the next who waits gets it, or it is free. */
  ready(channel: Channel): void {
    if (!channel.listed) {
      channel.listed = true
      this.#free.push(channel)
    }
    this.#serve()
  }

  gone(channel: Channel): void {
    this.channels.delete(channel)
    if (channel.listed) {
      channel.listed = false
      this.#free.splice(this.#free.indexOf(channel), 1)
    }
    this.#grow()
  }

  #pick(): Channel | undefined {
    for (;;) {
      const channel = this.#free.at(-1)
      if (channel === undefined) return undefined
      if (channel.isFull || channel.retireIfOld()) {
        if (channel.listed) {
          channel.listed = false
          this.#free.pop()
        }
        continue
      }
      return channel
    }
  }

  #serve(): void {
    while (this.#lessees.length > 0) {
      if (this.#lessees[0]!.gone) {
        this.#lessees.shift()
        continue
      }
      const at = this.#free.findIndex((channel) => channel.isIdle)
      if (at < 0) break
      const [channel] = this.#free.splice(at, 1)
      channel!.listed = false
      if (channel!.retireIfOld()) continue
      channel!.leased = true
      this.#lessees.shift()!.lease(Exit.succeed(channel!))
    }
    while (this.#head < this.#queue.length) {
      const pending = this.#queue[this.#head]!
      if (pending.tell !== undefined) {
        const channel = this.#pick()
        if (channel === undefined) break
        channel.send(pending)
      }
      this.#head++
    }
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    } else if (this.#head > 1_024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
  }

  /** Opens as many as there is use and room for. */
  #grow(): void {
    const room = this.settings.perPeer - this.channels.size - this.#opening.size
    const wanted = Math.ceil((this.#queue.length - this.#head) / this.settings.pipeline) + this.#lessees.length
    for (let i = Math.min(room, wanted - this.#opening.size); i > 0; i--) this.#connect(() => {})
  }

  #connect(done: (exit: Exit.Exit<Link, ConnectionError>) => void): void {
    if (this.#closed) return
    let cancel: (() => void) | undefined = undefined
    let over = false
    const stop = (): void => cancel?.()
    cancel = this.#open(this.#endpoint, (exit) => {
      over = true
      this.#opening.delete(stop)
      if (exit._tag === "Success") {
        this.counts.opened++
        const channel = new Channel(this, exit.value)
        this.channels.add(channel)
        this.ready(channel)
      } else this.#refuse(Exit.failCause(exit.cause))
      done(exit)
    })
    if (!over) this.#opening.add(stop)
  }

  /** No connection: one who waits is told; with none open and none coming, all are. */
  #refuse(exit: Exit.Exit<never, ConnectionError>): void {
    const alone = this.channels.size + this.#opening.size === 0
    do {
      const pending = this.#queue[this.#head]
      if (pending !== undefined) {
        this.#head++
        pending.tell?.(exit)
      } else this.#lessees.shift()?.lease(exit)
    } while (alone && this.waiting > 0)
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#opening) stop()
    for (const channel of Array.from(this.channels)) channel.close()
    const waiting = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = 0
    const error = Errors.quiet(
      () => new Errors.Closed({ peer: this.#endpoint, stage: "connect", sent: 0, received: 0 })
    )
    for (const pending of waiting) pending.tell?.(Exit.fail(error))
    for (const lessee of this.#lessees.splice(0)) lessee.lease(Exit.fail(error))
  }
}

/** One kept connection, and the requests under way on it. */
class Channel implements Handler {
  readonly link: Link
  readonly #peer: Peer
  readonly #inlet = new Inlet()
  #waiting: Array<Pending> = []
  #head = 0
  #uses = 0
  readonly #born = now()
  #idleSince = now()
  listed = false
  leased = false
  #checking = false
  readonly #deadline: Deadline

  constructor(peer: Peer, link: Link) {
    this.#peer = peer
    this.link = link
    link.handler = this
    this.#deadline = new Deadline(this)
    this.#deadline.set(peer.settings.idle)
  }

  get #underWay(): number {
    return this.#waiting.length - this.#head
  }
  get isIdle(): boolean {
    return !this.leased && !this.#checking && this.#waiting.length === this.#head
  }
  get isFull(): boolean {
    return this.leased || this.#checking || this.#waiting.length - this.#head >= this.#peer.settings.pipeline
  }

  /** Closes a connection that is too old, or begins to ask for its health; then it is not to be used now. */
  retireIfOld(): boolean {
    const { settings } = this.#peer
    if (this.#underWay > 0) return false
    if (this.#uses >= settings.maxUses || (settings.maxAge !== Infinity && now() - this.#born >= settings.maxAge)) {
      this.#peer.counts.evicted++
      this.#drop(undefined)
      return true
    }
    const { health } = settings.options
    if (health === undefined) return false
    // At least a millisecond: a connection that was just asked is not asked again before it is used.
    if (now() - this.#idleSince < Math.max(1, Duration.toMillis(Duration.fromInputUnsafe(health.after)))) return false
    this.#checking = true
    this.#put({
      request: health.request,
      framing: health.framing,
      tell: (exit) => {
        this.#checking = false
        this.#idleSince = now()
        if (exit._tag === "Success" && health.accept(exit.value)) {
          this.#peer.ready(this)
        } else if (exit._tag === "Success") {
          this.#peer.counts.dropped++
          this.#drop(undefined)
        }
      }
    })
    return true
  }

  send(pending: Pending): void {
    this.#uses++
    this.#put(pending)
  }

  #put(pending: Pending): void {
    if (this.#head === this.#waiting.length) this.#deadline.set(this.#peer.settings.timeout)
    this.#waiting.push(pending)
    this.link.write(pending.request)
  }

  /** The one who asked has gone: what comes cannot be told from a later reply's, unless nothing else is under way. */
  forget(pending: Pending): void {
    const at = this.#waiting.indexOf(pending, this.#head)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    this.#peer.counts.dropped++
    this.#drop(undefined)
  }

  release(well: boolean): void {
    this.leased = false
    this.#uses++
    this.#idleSince = now()
    if (!well || this.link.phase !== "open") {
      this.#drop(undefined)
      return
    }
    this.link.handler = this
    this.link.resume()
    this.#deadline.set(this.#peer.settings.idle)
    this.#peer.ready(this)
  }

  close(): void {
    this.#drop(undefined)
  }

  // Handler

  onOpen(): void {}
  onDrain(): void {}

  onOctets(octets: Uint8Array): void {
    const inlet = this.#inlet
    inlet.push(octets)
    for (;;) {
      const pending = this.#waiting[this.#head]
      if (pending === undefined) {
        if (inlet.length === 0) break
        // It spoke without being asked: whatever it means, the next reply could not be trusted.
        this.#peer.counts.dropped++
        this.#drop(undefined)
        return
      }
      const step = pending.framing.next(inlet)
      if (step === "more") {
        this.#deadline.set(this.#peer.settings.timeout)
        break
      }
      if (step !== "frame") {
        this.#drop((at) => new Errors.BadFrame({ ...at, error: step }))
        return
      }
      const reply = inlet.copy()
      this.#head++
      if (this.#head === this.#waiting.length) {
        this.#waiting.length = 0
        this.#head = 0
        this.#idleSince = now()
        this.#deadline.set(this.#peer.settings.idle)
      } else this.#deadline.set(this.#peer.settings.timeout)
      pending.tell?.(Exit.succeed(reply))
    }
    inlet.keep()
    if (!this.isFull) this.#peer.ready(this)
  }

  onEnd(): void {
    if (this.#underWay === 0) this.#peer.counts.dropped++
    const pending = this.#waiting[this.#head]
    const last = pending?.framing.last(this.#inlet)
    if (last === "frame") {
      this.#head++
      pending!.tell?.(Exit.succeed(this.#inlet.copy()))
    }
    this.#drop((at) => new Errors.PeerClosed(at))
  }

  onClose(cause: SystemError | undefined): void {
    if (this.#underWay === 0) this.#peer.counts.dropped++
    this.#drop((at) =>
      cause === undefined
        ? new Errors.PeerClosed(at)
        : new Errors.Broken({ ...at, detail: cause.message, ...(cause.code === undefined ? {} : { code: cause.code }) })
    )
  }

  onDeadline(): void {
    if (this.leased) {
      this.#deadline.set(this.#peer.settings.idle)
      return
    }
    if (this.#underWay === 0) {
      this.#peer.counts.evicted++
      this.#drop(undefined)
      return
    }
    const { timeout } = this.#peer.settings
    this.#drop((at) => new Errors.IdleTimeout({ ...at, millis: timeout }))
  }

  /** Closes; those under way are told why. */
  #drop(error: ((at: Errors.Progress) => ConnectionError) | undefined): void {
    this.#deadline.free()
    const { peer, received, sent, unsent } = this.link
    this.link.destroy()
    const under = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    this.#peer.gone(this)
    if (under.length === 0) return
    const make = error ?? ((at) => new Errors.Closed(at))
    const exit = Exit.fail(
      Errors.quiet(() => make({ peer, stage: unsent > 0 ? "send" : "receive", sent: sent - unsent, received }))
    )
    for (const pending of under) pending.tell?.(exit)
  }
}
