/** What all wrappers share: an executor around another, with counters of its own and the inner one's name and kinds. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Executor from "../Executor.ts"
import { isExecutorError, type ExecutorError } from "../ExecutorError.ts"
import type { Node } from "../internal/Fifo.ts"
import { type Job, Outstanding } from "../Outstanding.ts"
import type * as Task from "../Task.ts"

/** A function from executor to executor: what every wrapper is. */
export type Wrapper = <T extends Task.Any>(inner: Executor.Executor<T>) => Executor.Executor<T>

/** A task on its way through a wrapper, and what the caller came with. A node of at most one list of the wrapper's own. */
export class Passage<T extends Task.Any> implements Node {
  next: Node | undefined = undefined
  previous: Node | undefined = undefined
  readonly job: Job<T>
  readonly context: Context.Context<never> | undefined
  private readonly inner: Executor.Executor<T>
  private readonly watch: Executor.Watch | undefined

  constructor(
    job: Job<T>,
    inner: Executor.Executor<T>,
    context: Context.Context<never> | undefined,
    watch: Executor.Watch | undefined
  ) {
    this.job = job
    this.inner = inner
    this.context = context
    this.watch = watch
  }

  /** Hands the task to the inner executor, and its answer to the callback. */
  pass(onExit: (exit: Exit.Exit<any, any>) => void): Executor.Cancel {
    return Executor.submit(this.inner, this.job.task, onExit, this.context, this.watch)
  }
}

/**
 * A wrapper that is told of every task and answers it through its job. The wrapper keeps the inner executor's name, so
 * that routers, metrics and errors speak of the strategy that does the work.
 */
export const passing = <T extends Task.Any>(
  inner: Executor.Executor<T>,
  enter: (passage: Passage<T>) => void,
  options?: { readonly outstanding?: Outstanding<T>; readonly extra?: () => Readonly<Record<string, number>> }
): Executor.Executor<T> => {
  const outstanding = options?.outstanding ?? new Outstanding<T>(inner.name)
  return Executor.make<T>({
    name: inner.name,
    kinds: inner.supports,
    submitUnsafe: (task, onExit, context, watch) => {
      const job = outstanding.admit(task, onExit)
      if (job === undefined) return Executor.nothingToCancel
      enter(new Passage(job, inner, context, watch))
      return job.cancel
    },
    stats: Effect.map(inner.stats, ({ extra }) => outstanding.stats({ ...extra, ...options?.extra?.() }))
  })
}

/** A wrapper whose tasks are effects around `attempt`, which hands the task to the inner executor, once each time. */
export const around = <T extends Task.Any>(
  inner: Executor.Executor<T>,
  run: (attempt: Effect.Effect<any, any>, task: T) => Effect.Effect<any, any>
): Executor.Executor<T> =>
  passing(inner, (passage) => {
    const { context, job } = passage
    job.start()
    const attempt = Effect.callback<any, any>((resume) => Effect.sync(passage.pass(resume)))
    const fiber = Effect.runForkWith(context ?? Context.empty())(run(attempt, job.task))
    job.release = () => fiber.interruptUnsafe()
    fiber.addObserver((exit) => {
      job.answer(exit)
    })
  })

/** Whether a task's class says that it may run twice. */
export const isRepeatable = (task: Task.Any): boolean =>
  (task.constructor as Partial<Task.Definition>).repeatable === true

/** The executor's own error in an exit, if it is one. */
export const executorErrorOf = (exit: Exit.Exit<any, any>): ExecutorError | undefined => {
  if (exit._tag === "Success") return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail" && isExecutorError(reason.error)) return reason.error
  }
  return undefined
}
