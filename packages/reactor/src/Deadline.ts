/**
 * Waits by the hundred thousand: one deadline per conversation, one wheel of slots for all of them, one timer of Node
 * for the wheel.
 *
 * Moving a deadline later, or away, is one field written: the slot that it was in comes round once, looks, and moves it
 * on. Only an earlier deadline changes the wheel, by a few pointers and without an allocation. A deadline is met at
 * most one tick (10 ms) late, and never early. This file drives the machine: elsewhere time is Effect's.
 *
 * Invariant: a deadline that is linked stands in a slot that comes round no later than `#at`; `wakes` is no later than
 * the first slot that is not empty.
 */
export interface Expirable {
  onDeadline(): void
}

/** Milliseconds of a clock that never goes back. */
export const now = (): number => performance.now()

const tick = 10
/** A turn takes 5.12 s; what is further away goes round again. */
const slots = 512

export class Deadline {
  /** Who is told; may change with the conversation. */
  owner: Expirable
  #at = Infinity
  /** The tick in which it will be looked at; Infinity when it is in no slot. */
  #due = Infinity
  #next: Deadline | undefined = undefined
  #previous: Deadline | undefined = undefined

  constructor(owner: Expirable) {
    this.owner = owner
  }

  /** Calls the owner in so many milliseconds, instead of what was set before. */
  set(millis: number): void {
    this.setAt(now() + millis)
  }

  setAt(at: number): void {
    this.#at = at
    const due = Math.ceil(at / tick)
    if (due < this.#due && at !== Infinity) {
      this.#unlink()
      this.#link(due)
    }
  }

  /** Forgets the wait; the wheel may look once more for nothing. */
  clear(): void {
    this.#at = Infinity
  }

  /** Takes it off the wheel too: nothing keeps it. */
  free(): void {
    this.#at = Infinity
    this.#unlink()
  }

  #link(due: number): void {
    this.#due = due
    // Never further than a turn: the slot is then that of a later look.
    const current = Math.floor(now() / tick)
    const slot = Math.min(Math.max(due, current + 1), current + slots - 1)
    this.#due = slot
    const head = wheel[slot % slots]
    this.#next = head
    if (head !== undefined) head.#previous = this
    wheel[slot % slots] = this
    // Somebody waits: the process stays. Nobody does: the timer alone does not keep it.
    if (linked++ === 0) timer?.ref()
    wakeBy(slot)
  }

  #unlink(): void {
    if (this.#due === Infinity) return
    const slot = this.#due % slots
    if (this.#previous !== undefined) this.#previous.#next = this.#next
    else wheel[slot] = this.#next
    if (this.#next !== undefined) this.#next.#previous = this.#previous
    this.#next = this.#previous = undefined
    this.#due = Infinity
    if (--linked === 0) timer?.unref()
  }

  /** Looks at all of a slot that has come round. */
  static look(slot: number): void {
    // Taken off one by one: an owner may free or set any deadline while it is told.
    const later: Array<Deadline> = []
    for (let one = wheel[slot]; one !== undefined; one = wheel[slot]) {
      one.#unlink()
      if (one.#at === Infinity) continue
      if (one.#at > now()) later.push(one)
      else {
        one.#at = Infinity
        one.owner.onDeadline()
      }
    }
    for (const one of later) {
      // It may have been freed, or linked anew, since.
      if (one.#at !== Infinity && one.#due === Infinity) one.#link(Math.ceil(one.#at / tick))
    }
  }
}

const wheel: Array<Deadline | undefined> = Array.from({ length: slots }, () => undefined)
let linked = 0
/** The next tick to be looked at, and the one for which the timer is set. */
let looked = Math.floor(now() / tick)
let wakes = Infinity
let timer: NodeJS.Timeout | undefined

const wakeBy = (due: number): void => {
  if (due >= wakes) return
  if (wakes === Infinity) looked = Math.min(Math.floor(now() / tick), due)
  wakes = due
  if (timer !== undefined) clearTimeout(timer)
  timer = setTimeout(turn, Math.max(1, Math.ceil(due * tick - now())))
}

const turn = (): void => {
  timer = undefined
  wakes = Infinity
  const current = Math.floor(now() / tick)
  // After a long hold of the loop one turn of the wheel is enough.
  for (let at = Math.max(looked, current - slots + 1); at <= current; at++) {
    if (wheel[at % slots] !== undefined) Deadline.look(at % slots)
  }
  looked = current
  if (linked === 0) return
  for (let ahead = 1; ahead < slots; ahead++) {
    if (wheel[(current + ahead) % slots] !== undefined) {
      wakeBy(current + ahead)
      return
    }
  }
}

/** Deadlines on the wheel: nothing is left when nothing waits. */
export const outstanding = (): number => linked
