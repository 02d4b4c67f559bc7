/**
 * Open connections between two uses, per peer: the last one put back is taken first, so that the rest grow old and go.
 *
 * A kept link that says anything, ends or closes is dropped at once: nothing was asked, so it is not to be trusted. What
 * is taken was therefore alive when the loop last looked.
 */
import { Deadline, now } from "./Deadline.ts"
import type { Handler, Link } from "./Link.ts"

export interface Options {
  /** Connections kept per peer. */
  readonly perPeer: number
  /** Milliseconds without use after which one is closed. */
  readonly idle: number
  /** Milliseconds after which one is closed whatever its use; none by default. */
  readonly maxAge?: number | undefined
  /** Uses after which one is closed; none by default. */
  readonly maxUses?: number | undefined
}

interface Idle {
  readonly link: Link
  readonly since: number
  readonly born: number
  readonly uses: number
}

export class Kept implements Handler {
  readonly #options: Options
  readonly #idle = new Map<string, Array<Idle>>()
  readonly #keys = new WeakMap<Link, string>()
  readonly #ages = new WeakMap<Link, { readonly born: number; uses: number }>()
  readonly #sweep = new Deadline(() => this.#evict())
  /** Kept now. */
  size = 0
  /** Taken, and put back. */
  reused = 0
  /** Closed for their age or use. */
  evicted = 0
  /** Dropped because the peer closed or spoke. */
  dropped = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** A link to the peer that is open and idle, if any; the caller sets its handler. */
  take(key: string): Link | undefined {
    const stack = this.#idle.get(key)
    const idle = stack?.pop()
    if (idle === undefined) return undefined
    if (stack!.length === 0) this.#idle.delete(key)
    this.size--
    this.reused++
    idle.link.ref()
    return idle.link
  }

  /** Keeps a link, or closes it where there are enough. A kept link does not keep the process alive. */
  put(key: string, link: Link): void {
    const { maxAge, maxUses, perPeer } = this.#options
    let age = this.#ages.get(link)
    if (age === undefined) this.#ages.set(link, (age = { born: now(), uses: 0 }))
    age.uses++
    let stack = this.#idle.get(key)
    const old = (maxUses !== undefined && age.uses >= maxUses) || (maxAge !== undefined && now() - age.born >= maxAge)
    if (old || (stack !== undefined && stack.length >= perPeer)) {
      if (old) this.evicted++
      link.destroy()
      return
    }
    if (stack === undefined) this.#idle.set(key, (stack = []))
    stack.push({ link, since: now(), born: age.born, uses: age.uses })
    this.size++
    this.#keys.set(link, key)
    link.handler = this
    link.unref()
    if (this.size === 1) this.#sweep.set(this.#options.idle)
  }

  onOpen(): void {}
  onDrain(): void {}
  onOctets(_octets: Uint8Array, link: Link): void {
    this.#drop(link)
  }
  onEnd(link: Link): void {
    this.#drop(link)
  }
  onClose(_cause: unknown, link: Link): void {
    this.#drop(link)
  }

  #drop(link: Link): void {
    const key = this.#keys.get(link)
    const stack = key === undefined ? undefined : this.#idle.get(key)
    const at = stack?.findIndex((idle) => idle.link === link) ?? -1
    if (at >= 0) {
      stack!.splice(at, 1)
      if (stack!.length === 0) this.#idle.delete(key!)
      this.size--
      this.dropped++
    }
    link.destroy()
  }

  #evict(): void {
    const time = now()
    let next = Infinity
    for (const [key, stack] of this.#idle) {
      // The oldest lie at the bottom.
      while (stack.length > 0 && time - stack[0]!.since >= this.#options.idle - 1) {
        stack.shift()!.link.destroy()
        this.size--
        this.evicted++
      }
      if (stack.length === 0) this.#idle.delete(key)
      else next = Math.min(next, stack[0]!.since + this.#options.idle)
    }
    if (next < Infinity) this.#sweep.setAt(next)
  }

  close(): void {
    this.#sweep.free()
    for (const stack of this.#idle.values()) for (const idle of stack) idle.link.destroy()
    this.#idle.clear()
    this.size = 0
  }
}
