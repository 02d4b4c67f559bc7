/**
 * An executor that does nothing until it is told to. Tests hold every task in their hands: they see what was handed
 * off, and decide which one starts, which one is answered next, in what order and with what.
 *
 * ```ts
 * import { LookupHost } from "@handoff/core"
 * import { Stepper } from "@handoff/testing"
 * import * as Effect from "effect/Effect"
 * import * as Exit from "effect/Exit"
 * import * as Fiber from "effect/Fiber"
 *
 * const program = Effect.gen(function* () {
 *   const stepper = yield* Stepper.make<LookupHost>({ kinds: ["LookupHost"] })
 *   const fiber = yield* Effect.forkChild(stepper.executor.run(new LookupHost({ name: "a.test" })), {
 *     startImmediately: true
 *   })
 *   stepper.waiting[0]!.answer(Exit.succeed(["192.0.2.1"]))
 *   return yield* Fiber.join(fiber)
 * })
 * console.log(await Effect.runPromise(Effect.scoped(program)))
 * ```
 */
import { Executor, type Job, Lost, Outstanding, type Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Random from "./Random.ts"

/** Its name, its kinds and its bound. */
export interface Options<T extends Task.Any> {
  readonly kinds: ReadonlyArray<Task.KindOf<T>>
  /** Default "stepper". */
  readonly name?: string
  /** Tasks it takes at once; more are `Overloaded`. Default: any number. */
  readonly limit?: number
  /** What `step`, `stepAny` and `drain` answer a task with. Default: a defect that says that none was given. */
  readonly answer?: (task: T) => Exit.Exit<Task.Success<T>, Task.Failure<T>>
}

/** A task in the test's hands. Each verb says whether it did anything: not after an answer or a cancel. */
export interface Held<T extends Task.Any> {
  readonly task: T
  readonly state: Job["state"]
  /** From queued to running. */
  readonly start: () => boolean
  readonly answer: (exit: Exit.Exit<any, any>) => boolean
  /** Answers with `Lost`. */
  readonly lose: (how: Lost["how"]) => boolean
}

export interface Stepper<T extends Task.Any> {
  readonly executor: Executor.Executor<T>
  /** The tasks handed off and not answered, oldest first. */
  readonly waiting: ReadonlyArray<Held<T>>
  /** Answers the oldest. False if there is none. */
  readonly step: () => boolean
  /** Answers one that the generator picks. */
  readonly stepAny: (random: Random.Random) => boolean
  /** Answers all, also those handed off meanwhile, in the order that the seed decides; tells how many. */
  readonly drain: (seed: number) => number
}

/** A stepper; closing the scope answers what it holds with `Lost`. */
export const make = <T extends Task.Any>(options: Options<T>): Effect.Effect<Stepper<T>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const name = options.name ?? "stepper"
    const answer = options.answer ?? (() => Exit.die(`the stepper ${name} was made without answers`))
    const outstanding = new Outstanding<T>(name, options.limit === undefined ? {} : { limit: options.limit })
    yield* Effect.addFinalizer(() => Effect.sync(() => outstanding.close()))
    const executor = Executor.make<T>({
      name,
      kinds: options.kinds,
      submitUnsafe: (task, onExit, _context, watch) =>
        outstanding.admit(task, onExit, watch)?.cancel ?? Executor.nothingToCancel,
      stats: outstanding.statsEffect()
    })
    const hold = (job: Job<T>): Held<T> => ({
      task: job.task,
      get state() {
        return job.state
      },
      start: () => job.start(),
      answer: (exit) => job.answer(exit),
      lose: (how) => job.answer(Exit.fail(new Lost({ executor: name, kind: job.task._tag, how })))
    })
    const finish = (job: Job<T> | undefined): boolean => {
      if (job === undefined) return false
      job.start()
      return job.answer(answer(job.task))
    }
    const stepAny = (random: Random.Random): boolean => {
      const jobs = outstanding.toArray()
      return jobs.length > 0 && finish(random.pick(jobs))
    }
    return {
      executor,
      get waiting() {
        return outstanding.toArray().map(hold)
      },
      step: () => finish(outstanding.toArray()[0]),
      stepAny,
      drain: (seed) => {
        const random = Random.make(seed)
        let count = 0
        while (outstanding.size > 0) {
          for (const job of random.shuffle(outstanding.toArray())) if (finish(job)) count++
        }
        return count
      }
    }
  })

/** An executor that steps itself, in the order that the seed decides, a turn of the loop apart. */
export const automatic = <T extends Task.Any>(
  options: Options<T> & { readonly seed: number; readonly skip?: (task: T) => boolean }
): Effect.Effect<Executor.Executor<T>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const stepper = yield* make(options)
    const random = Random.make(options.seed)
    const turn = Effect.sync(() => {
      const ready = stepper.waiting.filter(({ task }) => options.skip?.(task) !== true)
      // A whole backlog is worked off within some turns, or many tasks would take many turns.
      for (let budget = Math.max(1, ready.length >> 2); budget > 0 && ready.length > 0; budget--) {
        const [held] = ready.splice(random.below(ready.length), 1)
        held!.start()
        held!.answer(options.answer!(held!.task))
      }
    })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(turn, Effect.sleep(1))))
    return stepper.executor
  })
