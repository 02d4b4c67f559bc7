/**
 * Faults put between a program and its transport, by a script: for tests of what must hold when the network does not.
 *
 * `inject` wraps what opens links; each link gets the faults that its number and the script say. What the peer sends
 * can be cut, delayed, trickled, changed, or ended at any octet; connecting can fail or hang. Datagrams have
 * `lossyRelay`, a UDP relay on loopback that drops, repeats and reorders by seed.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as dgram from "node:dgram"
import type { Handler, Link, Open, SystemError } from "./Link.ts"
import { deaf } from "./Link.ts"

/** What a faulty link does to octets. */
export interface Fault {
  /** Connecting fails with this code (`ECONNREFUSED`, `EMFILE`, ...); `hang`: it never ends. */
  readonly connect?: string | undefined
  /** After so many octets from the peer the link is reset. */
  readonly resetAfter?: number | undefined
  /** After so many octets from the peer nothing comes any more: half-open. */
  readonly silentAfter?: number | undefined
  /** After so many octets from the peer its side ends. */
  readonly endAfter?: number | undefined
  /** Octets come one by one, each after so many milliseconds. */
  readonly trickleMillis?: number | undefined
  /** Changes what the peer sends. */
  readonly change?: ((octets: Uint8Array) => Uint8Array) | undefined
}

/** Links with faults: the script is asked for each link opened, by its number from 0. */
export const inject = (open: Open, script: (link: number) => Fault | undefined): Open => {
  let number = 0
  return (target, name, handler) => {
    const fault = script(number++)
    if (fault === undefined) return open(target, name, handler)
    return new FaultyLink(fault, (through) => open(target, name, through), handler)
  }
}

const systemError = (code: string): SystemError => Object.assign(new Error(`injected ${code}`), { code })

/** Stands between: a link to its user, a handler to the real link. */
class FaultyLink implements Link, Handler {
  handler: Handler
  slot: unknown = undefined
  closedAt: Link["phase"] = "connect"
  readonly #fault: Fault
  readonly #link: Link
  #received = 0
  #over = false
  #refused = false
  #trickle: Array<number> = []
  #timer: NodeJS.Timeout | undefined = undefined
  #endLater = false

  constructor(fault: Fault, open: (through: Handler) => Link, handler: Handler) {
    this.#fault = fault
    this.handler = handler
    this.#link = open(this)
    if (fault.connect !== undefined && fault.connect !== "hang") {
      this.#refused = true
      const code = fault.connect
      setImmediate(() => this.#break(systemError(code)))
    }
  }

  get phase(): Link["phase"] {
    return this.#over ? "closed" : this.#fault.connect === undefined ? this.#link.phase : "connect"
  }
  get peer(): string {
    return this.#link.peer
  }
  get local(): string | undefined {
    return this.#link.local
  }
  get unsent(): number {
    return this.#link.unsent
  }
  get received(): number {
    return this.#received
  }
  get sent(): number {
    return this.#link.sent
  }
  write(octets: Uint8Array): boolean {
    return this.#link.write(octets)
  }
  end(): void {
    this.#link.end()
  }
  pause(): void {
    this.#link.pause()
  }
  resume(): void {
    this.#link.resume()
  }
  close(): void {
    this.#stop()
    this.#link.close()
  }
  destroy(): void {
    this.#stop()
    this.#link.destroy()
  }
  reset(): void {
    this.#stop()
    this.#link.reset()
  }
  onGone(gone: () => void): void {
    this.#link.onGone(gone)
  }
  ref(): void {
    this.#link.ref()
  }
  unref(): void {
    this.#link.unref()
  }

  onOpen(): void {
    if (this.#fault.connect === undefined && !this.#over) this.handler.onOpen(this)
  }

  onOctets(octets: Uint8Array): void {
    if (this.#over || this.#fault.connect !== undefined) return
    const changed = this.#fault.change === undefined ? octets : this.#fault.change(octets)
    if (this.#fault.trickleMillis === undefined) this.#give(changed)
    else {
      this.#trickle.push(...changed)
      this.#next()
    }
  }

  onEnd(): void {
    if (this.#over || this.#fault.connect !== undefined || this.#silent) return
    if (this.#trickle.length > 0) this.#endLater = true
    else this.handler.onEnd(this)
  }

  onDrain(): void {
    this.handler.onDrain(this)
  }

  onClose(cause: SystemError | undefined): void {
    if (!this.#refused) this.#break(cause)
  }

  get #silent(): boolean {
    const { silentAfter } = this.#fault
    return silentAfter !== undefined && this.#received >= silentAfter
  }

  /** Gives octets up to the point where the fault is. */
  #give(octets: Uint8Array): void {
    const { endAfter, resetAfter, silentAfter } = this.#fault
    const point = Math.min(endAfter ?? Infinity, resetAfter ?? Infinity, silentAfter ?? Infinity)
    const part = octets.subarray(0, Math.max(0, Math.min(octets.length, point - this.#received)))
    this.#received += part.length
    if (part.length > 0) this.handler.onOctets(part, this)
    if (this.#over || this.#received < point) return
    if (resetAfter === point) this.#break(systemError("ECONNRESET"))
    else if (endAfter === point) {
      const { handler } = this
      this.#stop()
      this.#link.destroy()
      handler.onEnd(this)
    }
  }

  #next(): void {
    if (this.#timer !== undefined || this.#over) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const octet = this.#trickle.shift()
      if (octet !== undefined) this.#give(Uint8Array.of(octet))
      if (this.#trickle.length > 0) this.#next()
      else if (this.#endLater && !this.#over) this.handler.onEnd(this)
    }, this.#fault.trickleMillis)
  }

  #break(cause: SystemError | undefined): void {
    if (this.#over) return
    this.closedAt = this.phase
    const { handler } = this
    this.#stop()
    this.#link.destroy()
    handler.onClose(cause, this)
  }

  #stop(): void {
    this.#over = true
    this.handler = deaf
    clearTimeout(this.#timer)
  }
}

/** A small generator of numbers in [0, 1) from a seed (mulberry32). */
export const random = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** How often datagrams are lost, doubled and delayed. */
export interface Lossy {
  /** Shares of datagrams, each way. */
  readonly drop: number
  readonly repeat?: number | undefined
  /** Held back until the next one has gone. */
  readonly reorder?: number | undefined
  readonly seed: number
}

/** A UDP relay on loopback to a port of loopback; gives the port to send to. */
export const lossyRelay = (port: number, lossy: Lossy): Effect.Effect<number, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly front: dgram.Socket; readonly backs: Map<string, dgram.Socket> }>((resume) => {
        const next = random(lossy.seed)
        const backs = new Map<string, dgram.Socket>()
        const front = dgram.createSocket("udp4")
        let held: (() => void) | undefined
        const pass = (send: () => void): void => {
          if (next() < lossy.drop) return
          if (next() < (lossy.reorder ?? 0) && held === undefined) {
            held = send
            return
          }
          send()
          if (next() < (lossy.repeat ?? 0)) send()
          const before = held
          held = undefined
          before?.()
        }
        front.on("message", (octets, from) => {
          const key = `${from.address}:${from.port}`
          let back = backs.get(key)
          if (back === undefined) {
            back = dgram.createSocket("udp4")
            back.on("message", (answer) => pass(() => front.send(answer, from.port, from.address, () => {})))
            back.on("error", () => {})
            backs.set(key, back)
          }
          const through = back
          pass(() => through.send(octets, port, "127.0.0.1", () => {}))
        })
        front.bind(0, "127.0.0.1", () => resume(Effect.succeed({ front, backs })))
      }),
      ({ backs, front }) =>
        Effect.sync(() => {
          front.close()
          for (const back of backs.values()) back.close()
        })
    ),
    ({ front }) => front.address().port
  )
