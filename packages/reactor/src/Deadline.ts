/**
 * One timer for all the waits of one conversation, moved without touching the timer.
 *
 * Moving a deadline later, or away, is one field written; the timer that was set earlier fires once, looks at the
 * clock, and sets itself again for the rest. A conversation on a kept connection so costs no timer at all. This file
 * drives the machine: elsewhere time is Effect's.
 */
export interface Expirable {
  onDeadline(): void
}

export class Deadline {
  /** Who is told; may change with the conversation. */
  owner: Expirable
  #timer: NodeJS.Timeout | undefined = undefined
  /** When the timer fires, in milliseconds of `now`; Infinity without one. */
  #fires = Infinity
  #at = Infinity

  constructor(owner: Expirable) {
    this.owner = owner
  }

  /** Calls the owner in so many milliseconds, instead of what was set before. */
  set(millis: number): void {
    this.setAt(now() + millis)
  }

  setAt(at: number): void {
    this.#at = at
    if (at >= this.#fires) return
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#arm(at - now())
  }

  /** Forgets the wait; the timer, if any, fires once for nothing. */
  clear(): void {
    this.#at = Infinity
  }

  /** Frees the timer too. */
  free(): void {
    this.#at = Infinity
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#fires = Infinity
  }

  #arm(millis: number): void {
    this.#fires = this.#at
    // Node turns a delay above 2^31-1 into 1.
    this.#timer = setTimeout(fire, Math.min(Math.max(Math.ceil(millis), 1), 2 ** 31 - 1), this)
    // A connection keeps the process alive, its timer does not.
    this.#timer.unref()
  }

  static fire(self: Deadline): void {
    self.#timer = undefined
    self.#fires = Infinity
    if (self.#at === Infinity) return
    const rest = self.#at - now()
    if (rest > 0.5) self.#arm(rest)
    else {
      self.#at = Infinity
      self.owner.onDeadline()
    }
  }
}

const fire = Deadline.fire

/** Milliseconds of a clock that never goes back. */
export const now = (): number => performance.now()
