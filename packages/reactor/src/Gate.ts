/**
 * Who may start now: limits on how many at once and how many a second, in all and per key, with fair queuing.
 *
 * Keys that wait take turns (round robin), so that a peer with a million tasks does not hold up a peer with one. Every
 * operation is O(1) in the number of waiters. A pure state machine: it drives nothing but what it admits, and its clock
 * is given.
 *
 * A key is in the ring exactly when it has waiters and room of its own. When the machine runs out of descriptors
 * (`scarce`), the ceiling drops below what is open and rises again by one for every hundred that finish, so that the
 * limit is found and kept without being known.
 */
export interface Options {
  /** At once, in all. */
  readonly limit: number
  /** At once, per key. */
  readonly perKey: number
  /** Starts a second, in all; default: no limit. */
  readonly rate?: number | undefined
  /** Starts a second, per key; default: no limit. */
  readonly ratePerKey?: number | undefined
  /** Milliseconds. */
  readonly now: () => number
  /** Calls back in so many milliseconds; returns how to call it off. */
  readonly later: (millis: number, wake: () => void) => () => void
}

/** One who wants in. */
export interface Entrant {
  readonly gateKey: string
  /** Called once it may start, perhaps from inside `enter`. It must call `leave` when it is done. */
  admit(): void
  /** The gate's own. */
  gate: "outside" | "waiting" | "inside"
}

/** Takes at most `rate` a second, in bursts of at most a tenth of a second's worth (at least one). */
class Bucket {
  #tokens: number
  #at: number
  readonly #rate: number
  readonly #burst: number
  constructor(rate: number, at: number) {
    this.#rate = rate
    this.#burst = Math.max(1, rate / 10)
    this.#tokens = this.#burst
    this.#at = at
  }
  /** Milliseconds until one may be taken; 0: now. */
  wait(at: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((at - this.#at) * this.#rate) / 1_000)
    this.#at = at
    // A rounding error must not make a wait of nothing.
    return this.#tokens >= 1 - 1e-9 ? 0 : ((1 - this.#tokens) * 1_000) / this.#rate
  }
  take(): void {
    this.#tokens--
  }
}

interface Key {
  readonly name: string
  inside: number
  /** Waiters from `head`; those that gave up are skipped when their turn comes. */
  queue: Array<Entrant>
  head: number
  waiting: number
  inRing: boolean
  readonly bucket: Bucket | undefined
}

export class Gate {
  readonly #options: Options
  readonly #keys = new Map<string, Key>()
  readonly #bucket: Bucket | undefined
  #ring: Array<Key> = []
  #ringHead = 0
  #ceiling: number
  #wakeOff: (() => void) | undefined = undefined
  #admitting = false
  /** No limit but the one in all: keys are needed for turns only, not for counting. */
  readonly #plain: boolean
  /** Inside now. */
  inside = 0
  waiting = 0
  /** How often descriptors ran out. */
  scarcities = 0

  constructor(options: Options) {
    this.#options = options
    this.#ceiling = options.limit
    this.#plain = options.perKey >= options.limit && options.rate === undefined && options.ratePerKey === undefined
    this.#bucket = options.rate === undefined ? undefined : new Bucket(options.rate, options.now())
  }

  /** How many may be inside at this time. */
  get ceiling(): number {
    return Math.floor(this.#ceiling)
  }

  enter(entrant: Entrant): void {
    if (this.#plain && this.waiting === 0 && this.inside < this.#ceiling - 1 && !this.#admitting) {
      this.inside++
      entrant.gate = "inside"
      entrant.admit()
      return
    }
    const key = this.#key(entrant.gateKey)
    key.queue.push(entrant)
    key.waiting++
    this.waiting++
    entrant.gate = "waiting"
    this.#list(key)
    this.#admit()
  }

  /** The entrant is done, or gives up; may be called in any state. */
  leave(entrant: Entrant): void {
    const state = entrant.gate
    if (state === "outside") return
    entrant.gate = "outside"
    if (state === "inside" && this.#plain) {
      this.inside--
      this.#recover()
      if (this.waiting > 0) this.#admit()
      return
    }
    const key = this.#key(entrant.gateKey)
    if (state === "waiting") {
      key.waiting--
      this.waiting--
      // Those who gave up are kept until their turn, but never more of them than of those who wait.
      if (key.queue.length - key.head > 2 * key.waiting + 64) {
        key.queue = key.queue.slice(key.head).filter((one) => one.gate === "waiting")
        key.head = 0
      }
      this.#forget(key)
      return
    }
    key.inside--
    this.inside--
    this.#recover()
    if (key.waiting > 0) this.#list(key)
    else this.#forget(key)
    if (this.waiting > 0) this.#admit()
  }

  /** An entrant found no descriptor left: it waits again, first in its key, and fewer are let in. */
  scarce(entrant: Entrant, pause: number): void {
    if (entrant.gate !== "inside") return
    this.scarcities++
    const key = this.#key(entrant.gateKey)
    if (!this.#plain) key.inside--
    this.inside--
    entrant.gate = "waiting"
    if (key.head > 0) key.queue[--key.head] = entrant
    else key.queue.unshift(entrant)
    key.waiting++
    this.waiting++
    this.#list(key)
    this.#ceiling = Math.max(1, Math.min(this.#ceiling, this.inside))
    // With something of ours open its end wakes us; otherwise only time does.
    if (this.inside === 0) this.#wake(pause)
  }

  #recover(): void {
    if (this.#ceiling < this.#options.limit) this.#ceiling = Math.min(this.#options.limit, this.#ceiling + 0.01)
  }

  #key(name: string): Key {
    let key = this.#keys.get(name)
    if (key === undefined) {
      const { ratePerKey } = this.#options
      key = {
        name,
        inside: 0,
        queue: [],
        head: 0,
        waiting: 0,
        inRing: false,
        bucket: ratePerKey === undefined ? undefined : new Bucket(ratePerKey, this.#options.now())
      }
      this.#keys.set(name, key)
    }
    return key
  }

  #list(key: Key): void {
    if (key.inRing || key.waiting === 0 || key.inside >= this.#options.perKey) return
    key.inRing = true
    this.#ring.push(key)
  }

  /** Keys with a rate keep their bucket for a while: forgetting it would forget what they used up. */
  #forget(key: Key): void {
    if (key.inside > 0 || key.waiting > 0 || key.inRing) return
    if (key.bucket !== undefined && key.bucket.wait(this.#options.now()) > 0) {
      if (this.#keys.size < 65_536) return
    }
    this.#keys.delete(key.name)
  }

  #wake(millis: number): void {
    if (this.#wakeOff !== undefined) return
    this.#wakeOff = this.#options.later(millis, () => {
      this.#wakeOff = undefined
      this.#admit()
    })
  }

  /** Lets in as many as may, each key in its turn. Not re-entrant: `admit` may call `enter` and `leave`. */
  #admit(): void {
    if (this.#admitting) return
    this.#admitting = true
    const { now, perKey } = this.#options
    // Keys passed over for their rate, in a row; when all in the ring were, only time helps.
    let passed = 0
    let soonest = Infinity
    while (this.#ringHead < this.#ring.length && this.inside < this.ceiling) {
      if (this.#bucket !== undefined) {
        const wait = this.#bucket.wait(now())
        if (wait > 0) {
          soonest = wait
          break
        }
      }
      const key = this.#ring[this.#ringHead++]!
      if (this.#ringHead > 1_024 && this.#ringHead * 2 > this.#ring.length) {
        this.#ring = this.#ring.slice(this.#ringHead)
        this.#ringHead = 0
      }
      const entrant = next(key)
      if (entrant === undefined) {
        key.inRing = false
        this.#forget(key)
        continue
      }
      if (key.bucket !== undefined) {
        const wait = key.bucket.wait(now())
        if (wait > 0) {
          soonest = Math.min(soonest, wait)
          this.#ring.push(key)
          if (++passed >= this.#ring.length - this.#ringHead) break
          continue
        }
        key.bucket.take()
      }
      passed = 0
      this.#bucket?.take()
      key.head++
      key.waiting--
      this.waiting--
      if (!this.#plain) key.inside++
      this.inside++
      if (key.waiting > 0 && key.inside < perKey) this.#ring.push(key)
      else key.inRing = false
      entrant.gate = "inside"
      entrant.admit()
    }
    if (this.#ringHead === this.#ring.length && this.#ringHead > 0) {
      this.#ring = []
      this.#ringHead = 0
    }
    this.#admitting = false
    if (soonest < Infinity) this.#wake(Math.max(1, soonest))
  }

  /** Forgets all who wait, and the timer. */
  close(): void {
    this.#wakeOff?.()
    this.#wakeOff = undefined
  }
}

/** The first waiter of a key that has not given up; left in place. */
const next = (key: Key): Entrant | undefined => {
  const { queue } = key
  while (key.head < queue.length) {
    const entrant = queue[key.head]!
    if (entrant.gate === "waiting") {
      if (key.head > 1_024 && key.head * 2 > queue.length) {
        key.queue = queue.slice(key.head)
        key.head = 0
      }
      return entrant
    }
    key.head++
  }
  key.queue = []
  key.head = 0
  return undefined
}
