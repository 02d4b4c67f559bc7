/**
 * Many timers for the price of one sleeping fiber.
 *
 * Every question in flight has a timer, and almost none of them rings: what must be cheap is setting and cancelling. A
 * timer is a node in one of 1,024 lists, a list per millisecond (Varghese and Lauck, scheme 6); both are a few pointer
 * writes. Time is the Effect `Clock` at hand, so under `TestClock` all of it is virtual.
 *
 * A timer rings up to 1 ms late, never early.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

const slots = 1_024

/** A sleep of up to so many ms is left to end by itself when there is nothing more to wait for. */
const shortSleep = 500

/** Who is rung: an object, so that the many who set a timer need not make a function for each. */
export interface Ringer {
  ring(): void
}

/** A timer that was set; hand it to `Wheel.cancel`. */
export class Timer {
  /** The millisecond, counted as the wheel does, at which it rings. */
  readonly tick: number
  /** Undefined once it has rung or was cancelled. */
  ringer: Ringer | undefined
  next: Timer | undefined = undefined
  previous: Timer | undefined = undefined

  constructor(tick: number, ringer: Ringer | undefined) {
    this.tick = tick
    this.ringer = ringer
  }
}

/** Timers by the thousand with one sleeper: a hashed wheel. */
export class Wheel {
  /** Timers that are set. */
  size = 0
  private readonly lists: Array<Timer> = []
  private readonly clock: Clock.Clock
  private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  private readonly zero: bigint
  private sleeper: Fiber.Fiber<void> | undefined
  private wakeAt = Infinity
  /** All ticks up to this one have rung. */
  private done = 0
  private lastNow = -1
  private lastWall = 0

  constructor(clock: Clock.Clock, fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>) {
    this.clock = clock
    this.fork = fork
    this.zero = clock.monotonicTimeNanosUnsafe()
    for (let i = 0; i < slots; i++) {
      const head = new Timer(0, undefined)
      head.next = head.previous = head
      this.lists.push(head)
    }
  }

  /** Milliseconds since the wheel was made, with a fraction. */
  now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe() - this.zero) / 1e6
  }

  /** Milliseconds of the wall clock, for what may outlive the process. */
  wallMillis(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  /** The wall clock at `now`, which `now()` just gave: read once for all that came together. */
  wallMillisAt(now: number): number {
    if (now !== this.lastNow) {
      this.lastNow = now
      this.lastWall = this.wallMillis()
    }
    return this.lastWall
  }

  /** Calls `ring` once, `delay` ms from `now`. */
  set(delay: number, ring: () => void, now = this.now()): Timer {
    return this.setFor(delay, { ring }, now)
  }

  /** As `set`, for an object that is rung. */
  setFor(delay: number, ringer: Ringer, now: number): Timer {
    const tick = Math.max(this.done + 1, Math.ceil(now + delay))
    const timer = new Timer(tick, ringer)
    const head = this.lists[tick & (slots - 1)]!
    timer.previous = head.previous
    timer.next = head
    head.previous!.next = timer
    head.previous = timer
    this.size++
    if (tick < this.wakeAt) this.sleepUntil(tick, now)
    return timer
  }

  /** Takes a timer back; one that has rung or was cancelled is left alone. */
  cancel(timer: Timer): void {
    if (timer.ringer === undefined) return
    this.unlink(timer)
    // With nothing to wait for, nothing may keep the process alive for long; a short sleep is cheaper left than broken.
    if (this.size === 0 && this.wakeAt - this.done > shortSleep) this.stop()
  }

  /** Takes all timers back. */
  close(): void {
    for (const head of this.lists) {
      while (head.next !== head) this.unlink(head.next!)
    }
    this.stop()
  }

  private unlink(timer: Timer): void {
    timer.previous!.next = timer.next
    timer.next!.previous = timer.previous
    timer.ringer = timer.next = timer.previous = undefined
    this.size--
  }

  private stop(): void {
    this.wakeAt = Infinity
    const sleeper = this.sleeper
    this.sleeper = undefined
    sleeper?.interruptUnsafe()
  }

  private sleepUntil(tick: number, now: number): void {
    // Its end must not look like a waking, which would fall asleep beside the one that begins here.
    const before = this.sleeper
    this.sleeper = undefined
    before?.interruptUnsafe()
    this.wakeAt = tick
    const sleeper = this.fork(Effect.sleep(Math.max(1, Math.ceil(tick - now))))
    this.sleeper = sleeper
    sleeper.addObserver(() => {
      if (this.sleeper === sleeper) this.wake()
    })
  }

  private wake(): void {
    this.sleeper = undefined
    this.wakeAt = Infinity
    const now = this.now()
    const until = Math.floor(now)
    const from = Math.max(this.done + 1, until - slots + 1)
    this.done = Math.max(this.done, until)
    for (let tick = from; tick <= until; tick++) {
      const head = this.lists[tick & (slots - 1)]!
      for (let timer = head.next!; timer !== head;) {
        const next: Timer = timer.next!
        if (timer.tick <= until) {
          const ringer = timer.ringer!
          this.unlink(timer)
          ringer.ring()
          // The ring may have cancelled what came next: begin again at the list's head, where only later ticks stay.
          timer = head.next!
          while (timer !== head && timer.tick > until) timer = timer.next!
          continue
        }
        timer = next
      }
    }
    if (this.size === 0) return
    // What rang may have set later timers, and so a later waking: the next timer of all decides.
    const last = Math.min(until + slots, this.wakeAt - 1)
    for (let tick = until + 1; tick <= last; tick++) {
      const head = this.lists[tick & (slots - 1)]!
      // A list may hold only timers of later rounds; waking for one of them in vain costs little.
      if (head.next !== head) return this.sleepUntil(tick, now)
    }
  }
}

/** A wheel on the clock of the fiber that runs this; closed with its scope. */
export const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const wheel = new Wheel(clock, Effect.runForkWith(context))
  yield* Effect.addFinalizer(() => Effect.sync(() => wheel.close()))
  return wheel
})
