/**
 * A stream of tasks to a stream of completions: so many at once, in finish order or input order, and with memory that
 * does not grow with the length of the input.
 *
 * The input is pulled only while fewer than `window` tasks are in flight or wait to be taken. With `perKey`, tasks whose
 * key is busy wait within that window, so a window much larger than `concurrency` lets other keys overtake a busy one.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as CompletionQueue from "./CompletionQueue.ts"
import type { Executor } from "./Executor.ts"
import type { ExecutorError } from "./ExecutorError.ts"
import type * as Task from "./Task.ts"
import { limit } from "./wrappers/limit.ts"

/** How `runAll` goes through its tasks. */
export interface Options<T extends Task.Any> {
  /** Tasks in the executor at once. Default 64. */
  readonly concurrency?: number
  /** `finish` (the default): as they finish. `input`: as they came. */
  readonly order?: "finish" | "input"
  /** Tasks of one key at once. */
  readonly perKey?: { readonly key: (task: T) => string; readonly concurrency: number }
  /**
   * `goOn` (the default): a failed task is a completion like any other. `stop`: the first failure ends the stream with
   * that failure, and what is in flight is given up.
   */
  readonly failures?: "goOn" | "stop"
  /** Tasks pulled from the input and not yet taken from the output. Default: twice the concurrency. */
  readonly window?: number
}

/** What `runAll` emits; the tag is the task's place in the input, from 0. */
export type Completion<T extends Task.Any> = CompletionQueue.Completion<T, number>

/**
 * Runs every task of a stream. The stream that comes back owns what it started: when it ends, fails or is given up,
 * the tasks still in flight are given up too. A failure of the input ends it after the tasks that came before.
 */
export const runAll: {
  <T extends Task.Any, E, R>(
    executor: Executor<T>,
    tasks: Stream.Stream<T, E, R>,
    options: Options<T> & { readonly failures: "stop" }
  ): Stream.Stream<Completion<T>, E | Task.Failure<T> | ExecutorError, R>
  <T extends Task.Any, E, R>(
    executor: Executor<T>,
    tasks: Stream.Stream<T, E, R>,
    options?: Options<T>
  ): Stream.Stream<Completion<T>, E, R>
} = <T extends Task.Any, E, R>(
  executor: Executor<T>,
  tasks: Stream.Stream<T, E, R>,
  options?: Options<T>
): Stream.Stream<Completion<T>, any, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { concurrency = 64, failures = "goOn", order = "finish", perKey, window } = options ?? {}
      const limited = limit({
        concurrency,
        ...(perKey === undefined ? {} : { key: perKey.key, perKey: perKey.concurrency })
      })(executor)
      const queue = yield* CompletionQueue.make<T, number>(limited, {
        capacity: Math.max(concurrency, window ?? 2 * concurrency),
        order,
        name: "runAll"
      })
      let inputEnd: Exit.Exit<void, E> = Exit.void
      let place = 0
      // A queue that is closed meanwhile refuses the rest; then nobody takes what would come of it.
      const feed = Stream.runForEach(tasks, (task) => Effect.ignore(queue.submit(task, place++))).pipe(
        Effect.exit,
        Effect.flatMap((exit) => {
          inputEnd = exit
          return queue.drain
        })
      )
      yield* Effect.forkScoped(feed)
      const end = Stream.unwrap(
        Effect.sync(() => (Exit.isFailure(inputEnd) ? Stream.failCause(inputEnd.cause) : Stream.empty))
      )
      const completions = Stream.concat(queue.stream, end)
      return failures === "stop" ? Stream.mapEffect(completions, orFail) : completions
    })
  )

const orFail = <C extends { readonly exit: Exit.Exit<any, any> }>(completion: C): Effect.Effect<C, any> =>
  Exit.isFailure(completion.exit) && !Cause.hasInterruptsOnly(completion.exit.cause)
    ? Effect.failCause(completion.exit.cause)
    : Effect.succeed(completion)
