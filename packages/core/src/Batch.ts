/**
 * An executor from a function that runs many tasks together: one statement for many rows, one message for many
 * questions. It is the shape of Effect's `RequestResolver`, which does the gathering; here it gets what an executor adds,
 * cancelling, closing and counters.
 *
 * Tasks that are handed off within `delay` run in one batch of at most `size`. Giving up a task does not stop its batch
 * while another task of it is wanted.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as RequestResolver from "effect/RequestResolver"
import type * as Scope from "effect/Scope"
import * as Executor from "./Executor.ts"
import { Outstanding } from "./Outstanding.ts"
import type * as Task from "./Task.ts"

/** A task of a batch, and the way to answer it. */
export interface Entry<T extends Task.Any> {
  readonly task: T
  /** Once; what comes later is ignored. */
  readonly answer: (exit: Exit.Exit<Task.Success<T>, Task.Failure<T>>) => void
}

/** When a batch is full, and how long the first task of one waits for more. */
export interface Options<T extends Task.Any, R> {
  readonly kinds: ReadonlyArray<Task.KindOf<T>>
  /** Answers every entry. Those it leaves open when it ends are answered with a defect; when it fails, with its cause. */
  readonly run: (entries: ReadonlyArray<Entry<T>>) => Effect.Effect<void, Task.Failure<T>, R>
  /** Default "batch". */
  readonly name?: string
  /** Tasks in one batch at most. Default: any number. */
  readonly size?: number
  /** How long a batch waits for more. Default: until the tasks of this turn of the loop are handed off. */
  readonly delay?: Duration.Input
}

/** Closing the scope answers what is outstanding with `Lost`, and interrupts its batches. */
export const make = <T extends Task.Any, R = never>(
  options: Options<T, R>
): Effect.Effect<Executor.Executor<T>, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<R>()
    const name = options.name ?? "batch"
    const outstanding = new Outstanding<T>(name)
    yield* Effect.addFinalizer(() => Effect.sync(() => outstanding.close()))
    const runBatch = (
      batch: ReadonlyArray<{ readonly request: T; completeUnsafe: (exit: Exit.Exit<any, any>) => void }>
    ) =>
      options
        .run(batch.map(({ completeUnsafe, request }) => ({ task: request, answer: completeUnsafe })))
        .pipe(Effect.provideContext(services))
    let resolver: RequestResolver.RequestResolver<any> = RequestResolver.make<any>((batch) =>
      Effect.flatMap(Effect.exit(runBatch(batch as any)), (exit) =>
        Effect.sync(() => {
          const missing = Exit.isFailure(exit) ? exit : Exit.die(`the batch of ${name} left a task without an answer`)
          for (const entry of batch) entry.completeUnsafe(missing)
        })
      )
    )
    if (options.size !== undefined) resolver = RequestResolver.batchN(resolver, options.size)
    if (options.delay !== undefined) resolver = RequestResolver.setDelay(resolver, options.delay)
    const request = (task: Task.Any): Effect.Effect<any, any> =>
      Effect.request(task, resolver) as Effect.Effect<any, any>
    return Executor.make<T>({
      name,
      kinds: options.kinds,
      submitUnsafe: (task, onExit, context, watch) => {
        const job = outstanding.admit(task, onExit, watch)
        if (job === undefined) return Executor.nothingToCancel
        job.start()
        const fiber = Effect.runForkWith(context ?? Context.empty())(request(task))
        job.release = () => fiber.interruptUnsafe()
        fiber.addObserver((exit) => {
          job.answer(exit)
        })
        return job.cancel
      },
      stats: outstanding.statsEffect()
    })
  })
