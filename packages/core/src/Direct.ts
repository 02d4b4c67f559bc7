/**
 * An executor that runs every task inline, as an Effect on the caller's own thread and loop: the baseline that the
 * strategies are measured against, a fake for tests, and the way to give an app's own kinds to an app's own effects.
 *
 * Cancelling interrupts the handler's fiber. A handler that ends without suspending answers before `submitUnsafe`
 * returns. There is no queue: as many tasks run at once as are handed off.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Executor from "./Executor.ts"
import type { ExecutorError } from "./ExecutorError.ts"
import { Outstanding } from "./Outstanding.ts"
import type * as Task from "./Task.ts"

/** How one kind is run. */
export interface Handler<in out T extends Task.Any, out R> {
  readonly kind: Task.KindOf<T>
  readonly run: (task: T) => Effect.Effect<Task.Success<T>, Task.Failure<T> | ExecutorError, R>
}

/** Says that tasks of a class are run by an effect. */
export const handle = <T extends Task.Any, R = never>(
  definition: Pick<Task.Definition, "kind"> & (new (...args: any) => T),
  run: (task: T) => Effect.Effect<Task.Success<T>, Task.Failure<T> | ExecutorError, R>
): Handler<T, R> => ({ kind: definition.kind, run })

/** The tasks that a list of handlers takes together. */
export type TasksOf<H extends ReadonlyArray<Handler<any, any>>> = H[number] extends infer One
  ? One extends Handler<infer T, any>
    ? T
    : never
  : never

/** The services that handlers need, all together. */
export type ServicesOf<H extends ReadonlyArray<Handler<any, any>>> = H[number] extends Handler<any, infer R> ? R : never

/**
 * An executor of these handlers. Their services are taken from where it is made; the caller's tracer, clock, logger and
 * span win over them. Closing the scope interrupts what runs.
 */
export const make = <const H extends ReadonlyArray<Handler<any, any>>>(
  handlers: H,
  options?: { readonly name?: string; readonly limit?: number }
): Effect.Effect<Executor.Executor<TasksOf<H>>, never, ServicesOf<H> | Scope.Scope> =>
  Effect.gen(function* () {
    const name = options?.name ?? "direct"
    const services = yield* Effect.context<ServicesOf<H>>()
    const outstanding = new Outstanding(name, options)
    yield* Effect.addFinalizer(() => Effect.sync(() => outstanding.close()))
    const byKind = new Map<Task.Kind, (task: any) => Effect.Effect<any, any, any>>(
      handlers.map((handler) => [handler.kind, handler.run])
    )
    // Callers mostly come with the same context again and again; merging copies a map, so the last one is kept.
    let lastCaller: Context.Context<never> | undefined
    let lastMerged: Context.Context<any> = services
    const contextFor = (caller: Context.Context<never> | undefined): Context.Context<any> => {
      if (caller === undefined) return services
      if (caller !== lastCaller) {
        lastCaller = caller
        lastMerged = Context.merge(services, caller)
      }
      return lastMerged
    }
    return Executor.make<Task.Any>({
      name,
      kinds: (kind) => byKind.has(kind),
      submitUnsafe: (task, onExit, caller, watch) => {
        const job = outstanding.admit(task, onExit, watch)
        if (job === undefined) return Executor.nothingToCancel
        job.start()
        const fiber: Fiber.Fiber<any, any> = Effect.runForkWith(contextFor(caller))(
          Effect.suspend(() => byKind.get(task._tag)!(task))
        )
        job.release = () => fiber.interruptUnsafe()
        fiber.addObserver((exit: Exit.Exit<any, any>) => {
          job.answer(exit)
        })
        return job.cancel
      },
      stats: outstanding.statsEffect()
    }) satisfies Executor.Executor<TasksOf<H>>
  })
