/**
 * A network in memory: links and listeners of the transports' shape, without sockets. For tests that need no ports, and
 * as the ground on which `Faults` stand.
 *
 * Octets arrive in a later turn, in the order written, in chunks as written (or cut by `chunkOctets`); a link holds at
 * most `highWaterOctets` unread octets before `write` says so.
 */
import * as limits from "./limits.ts"
import type { Handler, Link, Listener, Open, Phase, SystemError } from "./Link.ts"
import { deaf } from "./Link.ts"

/** How a network in memory behaves. */
export interface Options {
  readonly highWaterOctets?: number | undefined
  /** Cuts what is written into chunks of at most so many octets; default: as written. */
  readonly chunkOctets?: number | undefined
}

/** A network inside this process: what listens on it can be connected to. */
export class Network {
  readonly #listeners = new Map<string, (link: Link) => Handler | undefined>()
  readonly #options: Options
  #ports = 49_152
  /** Links that are not closed. */
  readonly links = new Set<Link>()

  constructor(options: Options = {}) {
    this.#options = options
  }

  /** For `open` of a reactor or a connection. */
  readonly open: Open = (target, _name, handler) => {
    const address = "path" in target ? target.path : `${target.host}:${target.port}`
    const local = `127.0.0.1:${this.#ports++}`
    const near = new MemoryLink(address, local, this.#options, "connect", this.links)
    near.handler = handler
    later(() => {
      if (near.phase !== "connect") return
      const accept = this.#listeners.get(address)
      const far = new MemoryLink(local, address, this.#options, "open", this.links)
      near.pair(far)
      const theirs = accept?.(far)
      if (theirs === undefined) {
        far.phase = "closed"
        far.destroy()
        near.fail(Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: "ECONNREFUSED" }))
        return
      }
      far.handler = theirs
      near.phase = "open"
      theirs.onOpen(far)
      if (near.isOpen) near.handler.onOpen(near)
    })
    return near
  }

  /** For `listen` of a server with the transport `custom`. */
  readonly listen =
    (address: string) =>
    (
      accept: (link: Link) => Handler | undefined,
      ready: (error: Error | undefined, listener: Listener) => void
    ): Listener => {
      const { links } = this
      const mine = new Set<Link>()
      const own = (link: Link): Handler | undefined => {
        const handler = accept(link)
        if (handler !== undefined) mine.add(link)
        return handler
      }
      const listener: Listener = {
        address,
        get open() {
          for (const link of mine) if (!links.has(link)) mine.delete(link)
          return mine.size
        },
        close: (done) => {
          // It may be another's by now.
          if (this.#listeners.get(address) === own) this.#listeners.delete(address)
          if (done !== undefined) later(done)
        },
        ref: () => {},
        unref: () => {}
      }
      const taken = this.#listeners.has(address)
      if (!taken) this.#listeners.set(address, own)
      later(() =>
        ready(taken ? Object.assign(new Error(`EADDRINUSE ${address}`), { code: "EADDRINUSE" }) : undefined, listener)
      )
      return listener
    }
}

const later = (work: () => void): void => {
  setImmediate(work)
}

/** What travels: octets, or the end of one side. */
type Item = Uint8Array | "end"

class MemoryLink implements Link {
  phase: Phase
  closedAt: Phase = "connect"
  handler: Handler = deaf
  slot: unknown = undefined
  readonly peer: string
  readonly local: string
  received = 0
  sent = 0
  readonly #options: Options
  readonly #links: Set<Link>
  #far: MemoryLink | undefined = undefined
  /** Octets on their way to us. */
  #queue: Array<Item> = []
  #queued = 0
  #paused = false
  #delivering = false
  #drain = false
  #ended = false
  /** Destroyed, not closed in order: what is written to it finds nobody. */
  #cut = false
  readonly #gone: Array<() => void> = []

  constructor(peer: string, local: string, options: Options, phase: Phase, links: Set<Link>) {
    this.peer = peer
    this.local = local
    this.#options = options
    this.phase = phase
    this.#links = links
    links.add(this)
  }

  get isOpen(): boolean {
    return this.phase === "open"
  }

  pair(far: MemoryLink): void {
    this.#far = far
    far.#far = this
  }

  get unsent(): number {
    return this.#far === undefined ? 0 : this.#far.#queued
  }

  write(octets: Uint8Array): boolean {
    if (this.phase !== "open" || this.#ended) return true
    this.sent += octets.length
    const far = this.#far
    if (far !== undefined && far.#cut) {
      later(() => this.fail(Object.assign(new Error("write ECONNRESET"), { code: "ECONNRESET" })))
      return true
    }
    const size = this.#options.chunkOctets ?? octets.length
    for (let at = 0; at < octets.length; at += size) far?.arrive(octets.slice(at, at + size))
    const full = this.unsent > (this.#options.highWaterOctets ?? limits.highWaterOctets.default)
    this.#drain ||= full
    return !full
  }

  end(): void {
    if (this.#ended || this.phase === "closed") return
    this.#ended = true
    this.#far?.arrive("end")
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliver()
  }

  close(): void {
    this.end()
    if (this.phase === "closed") return
    this.#over()
    const { handler } = this
    this.handler = deaf
    later(() => handler.onClose(undefined, this))
  }

  destroy(): void {
    this.end()
    this.handler = deaf
    this.#cut = true
    const far = this.#far
    // What was not read resets the other side, as with sockets.
    if (this.#queued > 0 && far !== undefined) {
      later(() => far.fail(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })))
    }
    this.#over()
  }

  reset(): void {
    const far = this.#far
    this.handler = deaf
    this.#over()
    later(() => far?.fail(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })))
  }

  /** The link breaks. */
  fail(cause: SystemError): void {
    if (this.phase === "closed") return
    this.#queue = []
    this.#queued = 0
    this.#over()
    const { handler } = this
    this.handler = deaf
    handler.onClose(cause, this)
  }

  onGone(gone: () => void): void {
    this.#gone.push(gone)
  }

  ref(): void {}
  unref(): void {}

  #over(): void {
    if (this.phase !== "closed") this.closedAt = this.phase
    this.phase = "closed"
    // What was not read is thrown away, and nobody waits for room any more.
    this.#queue = []
    this.#queued = 0
    const far = this.#far
    if (far !== undefined && far.#drain) {
      far.#drain = false
      later(() => far.handler.onDrain(far))
    }
    this.#links.delete(this)
    for (const gone of this.#gone.splice(0)) gone()
  }

  /** Something is on its way from the other side. */
  arrive(item: Item): void {
    if (this.phase === "closed") return
    this.#queue.push(item)
    if (item !== "end") this.#queued += item.length
    this.#deliver()
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    later(() => {
      this.#delivering = false
      while (this.#queue.length > 0 && !this.#paused && this.phase !== "closed") {
        const item = this.#queue.shift()!
        if (item === "end") this.handler.onEnd(this)
        else {
          this.#queued -= item.length
          this.received += item.length
          this.handler.onOctets(item, this)
        }
      }
      const far = this.#far
      if (far !== undefined && far.#drain && this.#queued === 0) {
        far.#drain = false
        far.handler.onDrain(far)
      }
      // Both sides have ended and all is read.
      if (this.#ended && this.#queue.length === 0 && far?.phase === "closed" && this.phase === "open") this.close()
    })
  }
}
