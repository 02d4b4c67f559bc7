/**
 * Very many names: a stream of questions in, a stream of completions out, in the order in which they finish.
 *
 * Memory is flat: at most `concurrency` questions are in flight, as many completions wait to be taken, and one piece of the
 * input is held. Failures are values here (`Failure`), not errors: a million of them must not cost a million stack traces.
 * For throughput give the resolver a server over TCP or TLS: one connection carries hundreds of questions in each write.
 *
 * Interrupting the stream stops all that is in flight.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Answer, View } from "./Answer.ts"
import type { Shape } from "./Dns.ts"
import type { Failure } from "./Failure.ts"
import * as limits from "./limits.ts"
import type { Pending } from "./Pending.ts"
import type { Timer } from "./Wheel.ts"

/** A name, a type, and the caller's tag. */
export interface Question {
  readonly name: string
  /** Default `A`. */
  readonly type?: string
}

/** A question's end: its tag, and its answer or failure. */
export interface Completion<Q extends Question = Question> {
  readonly question: Q
  /** An answer, perhaps that there is no such name or record; or why there is none. */
  readonly result: Answer | Failure
}

/** Bounds of a bulk run, each more than 0; another is a RangeError, as a defect. */
export interface Options {
  /** Questions in flight at once; default 1,000. */
  readonly concurrency?: number | undefined
  /** Questions begun a second; default no limit. */
  readonly rate?: number | undefined
  /** Questions begun a second per server of the resolver; default no limit. */
  readonly ratePerServer?: number | undefined
  readonly view?: View | undefined
}

/** With a rate of 0 nothing would ever begin, and nobody would hear why. */
const check = (options: Options): void => {
  for (const name of ["concurrency", "rate", "ratePerServer"] as const) {
    const bound = options[name]
    if (bound === undefined || bound > 0) continue
    throw new RangeError(`Bulk.resolve: ${name} is more than 0, not ${bound}; leave it out for its default`)
  }
}

/** Resolves every question of a stream. Fails only as the stream of questions does. */
export const resolve = <Q extends Question, E, R>(
  dns: Shape,
  questions: Stream.Stream<Q, E, R>,
  options: Options = {}
): Stream.Stream<Completion<Q>, E, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      check(options)
      const run = new Run<Q>(dns, options)
      const feeder = yield* Effect.forkScoped(
        Effect.onExit(
          Stream.runForEachArray(questions, (piece) => run.feed(piece)),
          () => Effect.sync(() => run.finish())
        )
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => run.stop()))
      const pull = Effect.suspend(() => run.take()).pipe(
        Effect.flatMap((batch) =>
          batch.length > 0
            ? Effect.succeed(batch as [Completion<Q>, ...Array<Completion<Q>>])
            : // All is out: as the stream of questions ended, so does this one.
              Effect.flatMap(Fiber.join(feeder), () => Cause.done())
        )
      )
      return Stream.fromPull(Effect.succeed(pull))
    })
  )

// Classes, not literals: V8 puts literals that it finds to live long among what is old, and what is old keeps all that it leads to
// until the next major collection, dead or not: its question or its answer, a kilobyte each.

class Completed<Q extends Question> implements Completion<Q> {
  readonly question: Q
  readonly result: Answer | Failure

  constructor(question: Q, result: Answer | Failure) {
    this.question = question
    this.result = result
  }
}

/** A question on its way. */
class Flight<Q extends Question> {
  readonly question: Q
  /** Its place among all in flight. */
  at: number
  pending: Pending | undefined = undefined
  readonly onResult: (result: Answer | Failure) => void

  constructor(run: Run<Q>, question: Q, at: number) {
    this.question = question
    this.at = at
    this.onResult = (result) => {
      this.pending = undefined
      run.land(this, result)
    }
  }
}

class Run<Q extends Question> {
  private readonly dns: Shape
  private readonly concurrency: number
  /** Milliseconds between two questions; 0 for no limit. */
  private readonly interval: number
  private readonly view: View | undefined
  private waiting: ReadonlyArray<Q> = []
  private at = 0
  private out: Array<Completion<Q>> = []
  /** Questions in flight; each knows its place. */
  private readonly flights: Array<Flight<Q>> = []
  private onFed: (() => void) | undefined
  private onOut: (() => void) | undefined
  private fed = false
  private stopped = false
  private nextAt = 0
  private timer: Timer | undefined
  private pumping = false
  private readonly unpace: (() => void) | undefined

  constructor(dns: Shape, options: Options) {
    this.dns = dns
    this.concurrency = Math.max(1, options.concurrency ?? limits.bulkConcurrency)
    const servers = dns.resolver.upstream.servers.list.length
    const rate = Math.min(options.rate ?? Infinity, (options.ratePerServer ?? Infinity) * servers)
    this.interval = rate === Infinity ? 0 : 1_000 / rate
    this.view = options.view
    if (options.ratePerServer !== undefined) this.unpace = dns.resolver.pace(options.ratePerServer)
  }

  /** Takes a piece of the input; done when all of it is on its way. */
  feed(piece: ReadonlyArray<Q>): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.waiting = piece
      this.at = 0
      this.onFed = () => resume(Effect.void)
      this.pump()
    })
  }

  /** No more input comes. */
  finish(): void {
    this.fed = true
    this.wake()
  }

  /** What is complete; waits for the first. Empty when all is out. */
  take(): Effect.Effect<ReadonlyArray<Completion<Q>>> {
    const { out } = this
    if (out.length > 0) {
      this.out = []
      this.pump()
      return Effect.succeed(out)
    }
    if (this.fed && this.flights.length === 0) return Effect.succeed([])
    return Effect.callback<ReadonlyArray<Completion<Q>>>((resume) => {
      this.onOut = () => resume(Effect.suspend(() => this.take()))
    })
  }

  stop(): void {
    this.stopped = true
    this.unpace?.()
    if (this.timer !== undefined) this.dns.resolver.wheel.cancel(this.timer)
    for (const flight of this.flights) flight.pending?.leave(flight.onResult)
    this.flights.length = 0
  }

  private pump(): void {
    // An answer that is known already comes back at once, from within: the loop is the one to go on then.
    if (this.pumping) return
    this.pumping = true
    // Read when there is something to begin: mostly, one completed while its place is still taken by its completion.
    let now = -1
    while (!this.stopped && this.at < this.waiting.length) {
      if (this.flights.length + this.out.length >= this.concurrency || !this.mayBegin()) break
      if (now < 0) now = this.dns.resolver.wheel.now()
      this.begin(this.waiting[this.at++]!, now)
    }
    this.pumping = false
    if (this.at < this.waiting.length) return
    const { onFed } = this
    this.onFed = undefined
    onFed?.()
  }

  private mayBegin(): boolean {
    if (this.interval === 0) return true
    const { wheel } = this.dns.resolver
    const now = wheel.now()
    // Time that was not used is not saved up, but for the millisecond that a timer may be late.
    this.nextAt = Math.max(this.nextAt, now - 2)
    if (this.nextAt <= now) {
      this.nextAt += this.interval
      return true
    }
    this.timer ??= wheel.set(this.nextAt - now, () => {
      this.timer = undefined
      this.pump()
    })
    return false
  }

  private begin(question: Q, now: number): void {
    const { resolver } = this.dns
    const { view } = this
    const type = question.type ?? "A"
    const known = resolver.cached(question.name, type, view)
    if (known !== undefined) return this.complete(question, known)
    const flight = new Flight(this, question, this.flights.length)
    this.flights.push(flight)
    flight.pending = resolver.ask(question.name, type, view, flight.onResult, false, now)
  }

  /** A question has its result; the last takes its place. */
  land(flight: Flight<Q>, result: Answer | Failure): void {
    const last = this.flights.pop()!
    if (last !== flight) {
      this.flights[flight.at] = last
      last.at = flight.at
    }
    this.complete(flight.question, result)
  }

  private complete(question: Q, result: Answer | Failure): void {
    this.out.push(new Completed(question, result))
    this.wake()
    this.pump()
  }

  /** Tells who waits for completions; in a batch with all of this turn. */
  private wake(): void {
    const { onOut } = this
    if (onOut === undefined) return
    this.onOut = undefined
    queueMicrotask(onOut)
  }
}
