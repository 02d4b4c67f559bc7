import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Cancel, Executor, Watch } from "../Executor.ts"
import { Lost } from "../ExecutorError.ts"
import type * as Task from "../Task.ts"
import * as metrics from "./metrics.ts"
import { Current, type Listener } from "./Observability.ts"

type Outcome = "done" | "failed" | "lost" | "cancelled"

/** The three metrics of a kind in one strategy, with their labels. */
interface Series {
  readonly tasks: Readonly<Record<Outcome, Metric.Counter<number>>>
  readonly wait: Metric.Histogram<number>
  readonly run: Metric.Histogram<number>
}

/**
 * An executor that reports to the program's `Observability`, if there is one. It adds nothing to what tasks do, and
 * without a listener nothing to what they cost.
 */
export const observe = <T extends Task.Any>(inner: Executor<T>): Executor<T> => {
  const series = new Map<Task.Kind, Series>()
  let lastContext: Context.Context<never> | undefined
  let lastListener: Listener | undefined
  const listenerOf = (context: Context.Context<never> | undefined): Listener | undefined => {
    if (context !== lastContext) {
      lastContext = context
      lastListener = context === undefined ? undefined : Context.get(context, Current)
    }
    return lastListener
  }
  const seriesOf = (kind: Task.Kind): Series => {
    let one = series.get(kind)
    if (one === undefined) {
      one = makeSeries(inner.name, kind)
      series.set(kind, one)
    }
    return one
  }
  const submitUnsafe: Executor<T>["submitUnsafe"] = (task, onExit, context, watch) => {
    const listener = listenerOf(context)
    if (listener === undefined) return inner.submitUnsafe(task, onExit, context, watch)
    if (!listener.executors.has(inner.name)) listener.executors.set(inner.name, inner)
    const observation = new Observation(inner.name, task, listener, context!, watch, seriesOf)
    const cancel = inner.submitUnsafe(
      task,
      (exit) => {
        observation.end(exit)
        onExit(exit)
      },
      observation.context,
      observation
    )
    return observation.cancelBy(cancel)
  }
  return {
    ...inner,
    submitUnsafe,
    run: (task) =>
      Effect.withFiber((fiber) =>
        Effect.callback<any, any>((resume) => Effect.sync(submitUnsafe(task, resume, fiber.context)))
      )
  }
}

/** One task, seen from the hand-off to its end. */
class Observation implements Watch {
  readonly context: Context.Context<never>
  private readonly strategy: string
  private readonly task: Task.Any
  private readonly listener: Listener
  private readonly outer: Watch | undefined
  private readonly seriesOf: (kind: Task.Kind) => Series
  private readonly clock: Clock.Clock
  private readonly span: Tracer.Span | undefined
  private readonly queuedAt: bigint
  private startedAt: bigint | undefined = undefined
  private isOver = false

  constructor(
    strategy: string,
    task: Task.Any,
    listener: Listener,
    context: Context.Context<never>,
    outer: Watch | undefined,
    seriesOf: (kind: Task.Kind) => Series
  ) {
    this.strategy = strategy
    this.task = task
    this.listener = listener
    this.outer = outer
    this.seriesOf = seriesOf
    this.clock = Context.get(context, Clock.Clock)
    this.queuedAt = this.clock.currentTimeNanosUnsafe()
    this.span = listener.spans ? this.startSpan(context) : undefined
    this.context = this.span === undefined ? context : Context.add(context, Tracer.ParentSpan, this.span)
  }

  // What the inner executors write goes on to the caller's watch.
  get executor(): string {
    return this.outer?.executor ?? this.strategy
  }
  set executor(name: string) {
    if (this.outer !== undefined) this.outer.executor = name
  }
  started(): void {
    this.startedAt = this.clock.currentTimeNanosUnsafe()
    this.span?.event("started", this.startedAt)
    this.outer?.started()
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    this.finish(outcomeOf(exit), exit)
  }

  cancelBy(cancel: Cancel): Cancel {
    return () => {
      cancel()
      this.finish("cancelled", Exit.interrupt())
    }
  }

  private finish(outcome: Outcome, exit: Exit.Exit<unknown, unknown>): void {
    if (this.isOver) return
    this.isOver = true
    const now = this.clock.currentTimeNanosUnsafe()
    if (this.listener.metrics) this.measure(outcome, now)
    if (this.span !== undefined) {
      this.span.attribute("handoff.outcome", outcome)
      this.span.end(now, exit)
    }
    const { logs } = this.listener
    const isWorrying = outcome === "lost" && lostOf(exit)?.how !== "closed"
    if (logs === "all" || (logs === "lost" && isWorrying)) this.log(isWorrying, outcome, exit, now)
  }

  private measure(outcome: Outcome, now: bigint): void {
    const { run, tasks, wait } = this.seriesOf(this.task._tag)
    tasks[outcome].updateUnsafe(1, this.context)
    if (this.startedAt !== undefined) wait.updateUnsafe(millis(this.queuedAt, this.startedAt), this.context)
    if (outcome !== "cancelled") run.updateUnsafe(millis(this.startedAt ?? this.queuedAt, now), this.context)
  }

  private startSpan(context: Context.Context<never>): Tracer.Span {
    const parent = Context.getOption(context, Tracer.ParentSpan)
    const span = Context.get(context, Tracer.Tracer).span({
      name: `handoff ${this.task._tag}`,
      parent,
      annotations: Context.empty(),
      links: [],
      startTime: this.queuedAt,
      kind: "internal",
      root: Option.isNone(parent),
      sampled: Option.isNone(parent) || parent.value.sampled
    })
    span.attribute("handoff.strategy", this.strategy)
    span.attribute("handoff.kind", this.task._tag)
    return span
  }

  private log(isWorrying: boolean, outcome: Outcome, exit: Exit.Exit<unknown, unknown>, now: bigint): void {
    const fields = {
      strategy: this.strategy,
      kind: this.task._tag,
      outcome,
      milliseconds: millis(this.queuedAt, now),
      ...(exit._tag === "Failure" ? { error: String(Cause.squash(exit.cause)) } : {})
    }
    const line = isWorrying ? Effect.logWarning("a task was lost") : Effect.logDebug("a task ended")
    Effect.runForkWith(this.context)(Effect.annotateLogs(line, fields))
  }
}

const millis = (from: bigint, to: bigint): number => Number(to - from) / 1e6

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (exit._tag === "Success") return "done"
  return lostOf(exit) === undefined ? "failed" : "lost"
}

const lostOf = (exit: Exit.Exit<unknown, unknown>): Lost | undefined => {
  if (exit._tag === "Success") return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail" && reason.error instanceof Lost) return reason.error
  }
  return undefined
}

const makeSeries = (strategy: string, kind: Task.Kind): Series => {
  const counter = (outcome: Outcome) => Metric.withAttributes(metrics.tasks, { strategy, kind, outcome })
  return {
    tasks: {
      done: counter("done"),
      failed: counter("failed"),
      lost: counter("lost"),
      cancelled: counter("cancelled")
    },
    wait: Metric.withAttributes(metrics.wait, { strategy, kind }),
    run: Metric.withAttributes(metrics.run, { strategy, kind })
  }
}
