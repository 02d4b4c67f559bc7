/**
 * Open connections between two uses, per peer: the last one put back is taken first, so that the rest grow old and go.
 *
 * A kept link that says anything, ends or closes is dropped at once: nothing was asked, so it is not to be trusted. What
 * is taken was therefore alive when the loop last looked.
 */
import type { Expirable } from "./Deadline.ts"
import { Deadline, now } from "./Deadline.ts"
import type { Handler, Link } from "./Link.ts"

/** How many connections are kept, and for how long. */
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

/** A link that was kept at least once; the link carries it in `slot`. */
export interface Entry {
  readonly link: Link
  readonly key: string
  readonly born: number
  /** The timer of its conversations: kept with it, so that the next one needs none. */
  readonly deadline: Deadline
  since: number
  uses: number
}

export class Kept implements Handler, Expirable {
  readonly #options: Options
  readonly #idle = new Map<string, Array<Entry>>()
  readonly #sweep = new Deadline({ onDeadline: () => this.#evict() })
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

  /** A link to the peer that is open and idle, if any; the caller sets its handler and its deadline's owner. */
  take(key: string): Entry | undefined {
    const entry = this.#idle.get(key)?.pop()
    if (entry === undefined) return undefined
    this.size--
    this.reused++
    return entry
  }

  /** Keeps a link with its deadline, or closes it where there are enough. */
  put(key: string, link: Link, deadline: Deadline): void {
    const { maxAge, maxUses, perPeer } = this.#options
    const time = now()
    const entry = (link.slot ??= { link, key, born: time, deadline, since: time, uses: 0 }) as Entry
    entry.uses++
    entry.since = time
    let stack = this.#idle.get(key)
    const old =
      (maxUses !== undefined && entry.uses >= maxUses) || (maxAge !== undefined && time - entry.born >= maxAge)
    if (old || (stack !== undefined && stack.length >= perPeer)) {
      if (old) this.evicted++
      deadline.free()
      link.destroy()
      return
    }
    if (stack === undefined) this.#idle.set(key, (stack = []))
    stack.push(entry)
    this.size++
    deadline.clear()
    // The exchange that is over must not stay for as long as its connection does.
    deadline.owner = this
    link.handler = this
    if (this.size === 1) this.#sweep.set(this.#options.idle)
  }

  /** No wait is set while a link is kept. */
  onDeadline(): void {}

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

  /** Closes all that are idle: the machine has no descriptor left for those who wait. */
  shed(): void {
    for (const stack of this.#idle.values()) {
      for (const entry of stack.splice(0)) {
        this.#discard(entry)
        this.size--
        this.evicted++
      }
    }
  }

  #drop(link: Link): void {
    const entry = link.slot as Entry
    const stack = this.#idle.get(entry.key)
    const at = stack?.indexOf(entry) ?? -1
    if (at >= 0) {
      stack!.splice(at, 1)
      this.size--
      this.dropped++
    }
    this.#discard(entry)
  }

  #discard(entry: Entry): void {
    entry.deadline.free()
    entry.link.destroy()
  }

  #evict(): void {
    const time = now()
    let next = Infinity
    for (const [key, stack] of this.#idle) {
      // The oldest lie at the bottom.
      while (stack.length > 0 && time - stack[0]!.since >= this.#options.idle - 1) {
        this.#discard(stack.shift()!)
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
    for (const stack of this.#idle.values()) for (const entry of stack) this.#discard(entry)
    this.#idle.clear()
    this.size = 0
  }
}
