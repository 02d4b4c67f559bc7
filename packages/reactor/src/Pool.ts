/**
 * Kept connections per peer, for protocols that answer each request with one frame, in order.
 *
 * `exchange` takes the connection with the fewest requests under way, and opens another up to `perPeer` while all are
 * busy; where all are full it waits its turn. With `pipeline` above 1 several requests are under way on one connection
 * (only for protocols that allow it). `use` leases a whole connection instead.
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
import type { Framing, FramingError } from "./framing/Framing.ts"
import { Inlet } from "./framing/Framing.ts"
import * as limits from "./limits.ts"
import type { Handler, Link, SystemError } from "./Link.ts"

/** Connections for each peer and in all, how long idle ones are kept, and who may wait. */
export interface Options extends Conn.Options {
  /** Connections per peer at most, idle or not; default 64. */
  readonly perPeer?: number | undefined
  /** Requests under way on one connection at most; default 1: only for protocols that answer in order. */
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

/** Connections and requests at this instant. */
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
  /**
   * Sends a request, and gives the frame that answers it. All timeouts hold: those for the first octet and the whole frame
   * run from the moment when this answer is the next to come, the total one from the asking, waiting and connecting
   * included. One that is too late in all is forgotten as if interrupted; the others end the connection.
   *
   * Interrupting closes its connection; where others wait on it, the reply is thrown away in its turn.
   */
  readonly exchange: (
    endpoint: string,
    request: Uint8Array,
    framing: Framing
  ) => Effect.Effect<Uint8Array, ConnectionError>
  /**
   * Leases a connection, whose timeouts begin with the lease. It goes back when the effect succeeds with nothing unread
   * and neither side ended, and is closed otherwise; after its lease it cannot be used.
   */
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
  /** What answers it, between coming and being told. */
  reply?: Uint8Array
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
  readonly firstByte: number
  readonly frame: number
  readonly total: number
  readonly options: Options
}

/** Makes a pool that lives as long as the scope. */
export const make = (options: Options = {}): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.gen(function* () {
    const millis = (input: Duration.Input | undefined, otherwise: number): number =>
      input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))
    const settings: Settings = {
      perPeer: limits.check("perPeer", limits.keptPerPeer, options.perPeer),
      pipeline: limits.check("pipeline", limits.pipeline, options.pipeline),
      idle: millis(options.idle, limits.keptIdle.default),
      maxAge: millis(options.maxAge, Infinity),
      maxUses: options.maxUses === undefined ? Infinity : limits.check("maxUses", limits.maxUses, options.maxUses),
      timeout: millis(options.idleTimeout, limits.idleTimeout.default),
      firstByte: millis(options.firstByteTimeout, Infinity),
      frame: millis(options.frameTimeout, Infinity),
      total: millis(options.totalTimeout, Infinity),
      options
    }
    const context = yield* Effect.context<never>()
    // A connection is opened for all who wait, who began at different times: each has his own total.
    const opening: Options = { ...options, totalTimeout: undefined }
    const open = (endpoint: string, done: (exit: Exit.Exit<Link, ConnectionError>) => void): (() => void) =>
      Effect.runCallbackWith(context)(Conn.connectLink(endpoint, opening), { onExit: done })
    const peers = new Map<string, Peer>()
    const counts: Counts = { opened: 0, reused: 0, evicted: 0, dropped: 0 }
    let isClosed = false
    const peerOf = (endpoint: string): Peer => {
      let peer = peers.get(endpoint)
      if (peer === undefined) {
        peers.set(endpoint, (peer = new Peer(endpoint, settings, open, counts)))
        if (isClosed) peer.close()
      }
      return peer
    }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
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
            Effect.suspend(() => {
              const connection = Conn.fromLink(channel.link, options)
              return Effect.onExit(restore(Effect.suspend(() => work(connection))), (exit) =>
                Effect.sync(() => {
                  const isClean = connection.detach()
                  channel.release(isClean && exit._tag === "Success")
                })
              )
            })
        )
      )
    return {
      exchange: (endpoint, request, framing) =>
        Effect.callback<Uint8Array, ConnectionError>((resume) => {
          const peer = peerOf(endpoint)
          const { total } = settings
          const pending: Pending = { request, framing, tell: resume }
          if (total === Infinity) {
            peer.submit(pending)
            return Effect.sync(() => void peer.forget(pending))
          }
          const deadline = new Deadline({
            onDeadline: () => {
              const at = peer.forget(pending)
              resume(Exit.fail(Errors.quiet(() => new Errors.TotalTimeout({ ...at, millis: total }))))
            }
          })
          deadline.set(total)
          pending.tell = (exit) => {
            deadline.free()
            resume(exit)
          }
          peer.submit(pending)
          return Effect.sync(() => {
            deadline.free()
            peer.forget(pending)
          })
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
    if (this.#closed) {
      pending.tell?.(this.#over())
      return
    }
    const channel = this.#pick()
    if (channel !== undefined) {
      this.counts.reused++
      const isBusy = !channel.isIdle
      channel.send(pending)
      if (isBusy && this.#opening.size === 0) this.#another()
      return
    }
    this.#queue.push(pending)
    this.#grow()
  }

  lease(lessee: Lessee): void {
    if (this.#closed) {
      lessee.lease(this.#over())
      return
    }
    this.#lessees.push(lessee)
    this.#serve()
    this.#grow()
  }

  /** Tells how far it had got. */
  forget(pending: Pending): Errors.Progress {
    pending.tell = undefined
    const at = this.#queue.indexOf(pending, this.#head)
    if (at >= 0) this.#queue.splice(at, 1)
    else {
      for (const channel of this.channels) {
        const progress = channel.forget(pending)
        if (progress !== undefined) return progress
      }
    }
    return this.#nowhere
  }

  warm(connections: number, done: (exit: Exit.Exit<void, ConnectionError>) => void): void {
    const missing = Math.min(connections, this.settings.perPeer) - this.channels.size - this.#opening.size
    if (missing <= 0 || this.#closed) {
      done(this.#closed ? this.#over() : Exit.void)
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

  /** The one with the fewest under way; the warmest of those. */
  #pick(): Channel | undefined {
    const free = this.#free
    let best: Channel | undefined
    for (let at = free.length - 1; at >= 0; at--) {
      const channel = free[at]!
      if (channel.retireIfOld() || channel.isFull) {
        if (channel.listed) {
          channel.listed = false
          free.splice(at, 1)
        }
        continue
      }
      if (channel.isIdle) return channel
      if (best === undefined || channel.underWay < best.underWay) best = channel
    }
    return best
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

  #another(): void {
    if (this.channels.size + this.#opening.size < this.settings.perPeer) this.#connect(() => {})
  }

  #connect(done: (exit: Exit.Exit<unknown, ConnectionError>) => void): void {
    if (this.#closed) {
      done(this.#over())
      return
    }
    let cancel: (() => void) | undefined = undefined
    let over = false
    const stop = (): void => cancel?.()
    cancel = this.#open(this.#endpoint, (exit) => {
      over = true
      this.#opening.delete(stop)
      if (this.#closed) {
        if (exit._tag === "Success") exit.value.destroy()
        done(this.#over())
        return
      }
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
    if (!alone) {
      const pending = this.#queue[this.#head]
      if (pending !== undefined) {
        this.#head++
        pending.tell?.(exit)
      } else this.#lessees.shift()?.lease(exit)
      return
    }
    // Whoever asks anew when he is told is not of these.
    const [pendings, lessees] = this.#takeAll()
    for (const pending of pendings) pending.tell?.(exit)
    for (const lessee of lessees) lessee.lease(exit)
  }

  #takeAll(): [ReadonlyArray<Pending>, ReadonlyArray<Lessee>] {
    const pendings = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = 0
    return [pendings, this.#lessees.splice(0)]
  }

  #over(): Exit.Exit<never, ConnectionError> {
    return Exit.fail(Errors.quiet(() => new Errors.Closed(this.#nowhere)))
  }

  /** How far they are who have no connection. */
  get #nowhere(): Errors.Progress {
    return { peer: this.#endpoint, stage: "connect", sent: 0, received: 0 }
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#opening) stop()
    for (const channel of Array.from(this.channels)) channel.close()
    const [pendings, lessees] = this.#takeAll()
    for (const pending of pendings) pending.tell?.(this.#over())
    for (const lessee of lessees) lessee.lease(this.#over())
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
  #wait: "first" | "idle" | "frame" = "idle"
  /** Since when the answer at the head is the next to come. */
  #headSince = 0
  #unsentBefore = 0

  constructor(peer: Peer, link: Link) {
    this.#peer = peer
    this.link = link
    link.handler = this
    this.#deadline = new Deadline(this)
    this.#deadline.set(peer.settings.idle)
  }

  get underWay(): number {
    return this.#waiting.length - this.#head
  }
  get isIdle(): boolean {
    return !this.leased && !this.#checking && this.#waiting.length === this.#head
  }
  get isFull(): boolean {
    return this.leased || this.#checking || this.underWay >= this.#peer.settings.pipeline || this.#isSpent
  }
  /** It takes no more requests. */
  get #isSpent(): boolean {
    const { maxAge, maxUses } = this.#peer.settings
    return this.#uses >= maxUses || (maxAge !== Infinity && now() - this.#born >= maxAge)
  }

  /** Closes a connection that is too old, or begins to ask for its health; then it is not to be used now. */
  retireIfOld(): boolean {
    const { settings } = this.#peer
    if (this.underWay > 0 || this.#checking || this.leased) return false
    if (this.#isSpent) {
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
    this.#waiting.push(pending)
    this.link.write(pending.request)
    if (this.underWay !== 1) return
    const time = now()
    this.#headSince = time
    this.#rearm(time)
  }

  /** Sets the first of the waits for the answer at the head. */
  #rearm(time: number): void {
    const { firstByte, frame, timeout } = this.#peer.settings
    this.#unsentBefore = this.link.unsent
    let at = time + timeout
    this.#wait = "idle"
    if (this.#headSince + frame < at) {
      at = this.#headSince + frame
      this.#wait = "frame"
    }
    if (this.#inlet.length === 0 && this.#headSince + firstByte < at) {
      at = this.#headSince + firstByte
      this.#wait = "first"
    }
    this.#deadline.setAt(at)
  }

  #progress(): Errors.Progress {
    const { peer, received, sent, unsent } = this.link
    return { peer, stage: unsent > 0 ? "send" : "receive", sent: Math.max(0, sent - unsent), received }
  }

  /**
   * The one who asked has gone. As long as others wait on this connection his answer is read and thrown away in its
   * turn; without them it is not worth waiting for. Tells how far he had got, if he was here.
   */
  forget(pending: Pending): Errors.Progress | undefined {
    if (!this.#waiting.includes(pending, this.#head)) return undefined
    const progress = this.#progress()
    for (let at = this.#head; at < this.#waiting.length; at++) {
      if (this.#waiting[at]!.tell !== undefined) return progress
    }
    this.#waiting.length = this.#head
    this.#peer.counts.dropped++
    this.#drop(undefined)
    return progress
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
    // Whoever is told may ask anew at once: nobody is told before it is settled whose all of this chunk is.
    const answered: Array<Pending> = []
    let bad: FramingError | undefined
    while (this.underWay > 0) {
      const pending = this.#waiting[this.#head]!
      const step = pending.framing.next(inlet)
      if (step === "more") break
      if (step !== "frame") {
        bad = step
        break
      }
      this.#head++
      pending.reply = inlet.copy()
      answered.push(pending)
    }
    if (bad !== undefined) {
      const error = bad
      this.#drop((at) => new Errors.BadFrame({ ...at, error }))
    } else if (this.underWay > 0) {
      const time = now()
      if (answered.length > 0) this.#headSince = time
      this.#rearm(time)
      inlet.keep()
    } else {
      this.#waiting.length = 0
      this.#head = 0
      if (inlet.length > 0) {
        // It spoke without being asked: whatever it means, the next reply could not be trusted.
        this.#peer.counts.dropped++
        this.#drop(undefined)
      } else {
        inlet.keep()
        const time = now()
        this.#idleSince = time
        this.#deadline.setAt(time + this.#peer.settings.idle)
        if (this.#isSpent && !this.#checking) this.retireIfOld()
      }
    }
    // Those who wait come before whoever asks anew when he is told; without any, he gets this warm one.
    if (!this.isFull && this.link.phase === "open") this.#peer.ready(this)
    for (const pending of answered) pending.tell?.(Exit.succeed(pending.reply!))
  }

  onEnd(): void {
    if (this.underWay === 0) this.#peer.counts.dropped++
    const pending = this.#waiting[this.#head]
    const last = pending?.framing.last(this.#inlet)
    if (last === "frame") {
      this.#head++
      pending!.tell?.(Exit.succeed(this.#inlet.copy()))
    }
    this.#drop((at) => new Errors.PeerClosed(at))
  }

  onClose(cause: SystemError | undefined): void {
    if (this.underWay === 0) this.#peer.counts.dropped++
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
    if (this.underWay === 0) {
      this.#peer.counts.evicted++
      this.#drop(undefined)
      return
    }
    // A long request is on its way.
    if (this.#wait === "idle" && this.link.unsent < this.#unsentBefore) {
      this.#rearm(now())
      return
    }
    const wait = this.#wait
    const { firstByte, frame, timeout } = this.#peer.settings
    this.#drop((at) =>
      wait === "first"
        ? new Errors.FirstByteTimeout({ ...at, millis: firstByte })
        : wait === "frame"
          ? new Errors.FrameTimeout({ ...at, millis: frame })
          : new Errors.IdleTimeout({ ...at, millis: timeout })
    )
  }

  /** Closes; those under way are told why. */
  #drop(error: ((at: Errors.Progress) => ConnectionError) | undefined): void {
    this.#deadline.free()
    const progress = this.#progress()
    this.link.destroy()
    const under = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    this.#peer.gone(this)
    if (under.length === 0) return
    const make = error ?? ((at) => new Errors.Closed(at))
    const exit = Exit.fail(Errors.quiet(() => make(progress)))
    for (const pending of under) pending.tell?.(exit)
  }
}
