/**
 * The one interface: hand a task off, go on, and collect its outcome when it is done.
 *
 * What it promises, for every strategy (the contract suite of `@handoff/testing` holds each to it):
 * - a task handed off is answered exactly once, with its own outcome, unless it was cancelled first;
 * - an executor that does not speak a kind answers `Unsupported` and starts nothing;
 * - cancelling is at once and final: after `cancel()` returns, `onExit` is not called any more;
 * - closing its scope answers every outstanding task (`Lost`, `closed`), and later ones with `Overloaded`, `closed`;
 * - tasks finish in any order.
 *
 * What it does not promise: that a running task stops when it is cancelled (its strategy documents that), in which
 * order tasks start, or on which thread.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as ExecutorError from "./ExecutorError.ts"
import { Unsupported } from "./ExecutorError.ts"
import type * as Task from "./Task.ts"

const TypeId = "~@handoff/core/Executor"

/** What a task ends with. */
export type Outcome<T extends Task.Any> = Exit.Exit<Task.Success<T>, Task.Failure<T> | ExecutorError.ExecutorError>

/** Gives a task up. Synchronous, never throws, may be called again; afterwards `onExit` stays silent. */
export type Cancel = () => void

/**
 * What a caller wants to know besides the outcome; the executor writes into it. A wrapper or router passes it on to the
 * executor that does the work, so the innermost one stands in it at the end.
 */
export interface Watch {
  /** Who runs the task, by name. */
  executor: string
  /** The task left its queue and starts now. Not called by a strategy that cannot know. Must not throw. */
  readonly started: () => void
}

export interface Executor<in T extends Task.Any> {
  /** Says which tasks it takes, also to the types that extend this one: methods alone are compared too loosely. */
  readonly [TypeId]: (task: T) => void
  /** Shown in errors, metrics and logs: "threads", "reactor", "dns", ... */
  readonly name: string
  /** Whether it can run tasks of this kind. */
  readonly supports: (kind: Task.Kind) => boolean
  /**
   * Hands a task off. Never throws. `onExit` is called exactly once, perhaps before this returns (a refusal) and
   * otherwise from the event loop, unless `cancel` is called first. It must not throw.
   *
   * `context` is the caller's: its tracer, span, logger and annotations reach the task where the strategy can carry
   * them.
   */
  readonly submitUnsafe: <K extends T>(
    task: K,
    onExit: (exit: Outcome<K>) => void,
    context?: Context.Context<never>,
    watch?: Watch
  ) => Cancel
  /** Runs a task; interrupting the effect gives the task up. */
  readonly run: <K extends T>(task: K) => Effect.Effect<Task.Success<K>, Task.Failure<K> | ExecutorError.ExecutorError>
  /** Counters at this instant. */
  readonly stats: Effect.Effect<Stats>
}

/** Counts of tasks. `running` and `queued` return to zero when all is answered; the rest only grow. */
export interface Stats {
  readonly running: number
  readonly queued: number
  /** Answered with a success. */
  readonly done: number
  /** Answered with the task's own failure, a defect, `Unsupported` or `Overloaded`. */
  readonly failed: number
  /** Answered with `Lost`. */
  readonly lost: number
  /** Given up by the caller before they were answered. */
  readonly cancelled: number
  /** The strategy's own figures, by name. */
  readonly extra: Readonly<Record<string, number>>
}

/** The tasks an executor takes. */
export type Tasks<E> = E extends { readonly [TypeId]: (task: infer T) => void }
  ? T extends Task.Any
    ? T
    : never
  : never

/** What a strategy supplies; `make` adds the rest. */
export interface Options<T extends Task.Any> {
  readonly name: string
  /** The kinds it speaks; a function where they are only known at run time. */
  readonly kinds: ReadonlyArray<Task.KindOf<T>> | ((kind: Task.Kind) => boolean)
  /** As `Executor.submitUnsafe`, called for supported kinds only; `watch.executor` is already this one's name. */
  readonly submitUnsafe: (
    task: T,
    onExit: (exit: Exit.Exit<any, any>) => void,
    context: Context.Context<never> | undefined,
    watch: Watch | undefined
  ) => Cancel
  /** `make` adds the tasks it refused as `Unsupported` to `failed`. */
  readonly stats: Effect.Effect<Stats>
}

/** The `Cancel` of a task that is answered already. */
export const nothingToCancel: Cancel = () => {}

/** An executor from one callback-shaped function. Unsupported kinds are answered here, once for all strategies. */
export const make = <T extends Task.Any>(options: Options<T>): Executor<T> => {
  const { kinds, name } = options
  const spoken = typeof kinds === "function" ? undefined : new Set<string>(kinds)
  const supports =
    spoken === undefined ? (kinds as (kind: Task.Kind) => boolean) : (kind: Task.Kind) => spoken.has(kind)
  let refused = 0
  const submitUnsafe = (
    task: any,
    onExit: (exit: Exit.Exit<any, any>) => void,
    context?: Context.Context<never>,
    watch?: Watch
  ) => {
    if (watch !== undefined) watch.executor = name
    if (supports(task._tag)) return options.submitUnsafe(task, onExit, context, watch)
    refused++
    onExit(Exit.fail(new Unsupported({ executor: name, kind: task._tag, supportedBy: [] })))
    return nothingToCancel
  }
  return {
    [TypeId]: nothingToCancel,
    name,
    supports,
    submitUnsafe,
    run: (task) =>
      // An Exit is an Effect, so `resume` is passed straight in. The fiber that registers is the current one: asking for
      // it costs less than an operator that gives it.
      Effect.callback<any, any>((resume) => Effect.sync(submitUnsafe(task, resume, Fiber.getCurrent()?.context))),
    stats: Effect.map(options.stats, (stats) => (refused === 0 ? stats : { ...stats, failed: stats.failed + refused }))
  }
}

/**
 * Hands a task off to an executor that may be broken: one that throws, although it must not, has answered with a defect.
 * For whatever stands between a caller and an executor, so that the caller is not the one who pays.
 */
export const submit = (
  executor: Executor<any>,
  task: Task.Any,
  onExit: (exit: Exit.Exit<any, any>) => void,
  context?: Context.Context<never>,
  watch?: Watch
): Cancel => {
  try {
    return executor.submitUnsafe(task, onExit, context, watch)
  } catch (error) {
    onExit(Exit.die(error))
    return nothingToCancel
  }
}

/** Whether a value is an executor. */
export const isExecutor = (u: unknown): u is Executor<Task.Any> => typeof u === "object" && u !== null && TypeId in u
