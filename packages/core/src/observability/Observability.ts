/**
 * Who listens to what executors do. Nobody does until this layer is provided; then every executor wrapped in `observe`
 * (those of `Strategies` are) keeps metrics, spans and logs for the programs below the layer. Where the layer is not
 * provided, `observe` costs a comparison per task.
 *
 * The metrics are Effect's: `OtlpMetrics` and `PrometheusMetrics` export them as they are.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Executor } from "../Executor.ts"
import * as metrics from "./metrics.ts"
import * as Metric from "effect/Metric"

/** What is watched besides the tasks. */
export interface Options {
  /** Default true. */
  readonly metrics?: boolean
  /** A span per task, as a child of the caller's. Default true. */
  readonly spans?: boolean
  /**
   * `lost` (the default): a warning for every lost task, with strategy, kind and how it was lost, unless its executor was
   * closed. `all`: in addition, every other end at level debug. `none`.
   */
  readonly logs?: "all" | "lost" | "none"
  /** How often queue depth, running tasks and the delay of the loop are measured. Default 1 second. */
  readonly interval?: Duration.Input
}

/** What `observe` reports to. */
export interface Listener {
  readonly metrics: boolean
  readonly spans: boolean
  readonly logs: "all" | "lost" | "none"
  /** Executors that had tasks since this listener came, for what is measured at intervals. */
  readonly executors: Map<string, Executor<never>>
}

/** The listener of a program; undefined: nobody. */
export const Current = Context.Reference<Listener | undefined>("@handoff/core/Observability", {
  defaultValue: () => undefined
})

/** Reports into the program's own `Metric` registry, tracer and logger. */
export const layer = (options?: Options): Layer.Layer<never> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const listener: Listener = {
        metrics: options?.metrics ?? true,
        spans: options?.spans ?? true,
        logs: options?.logs ?? "lost",
        executors: new Map()
      }
      if (listener.metrics) {
        yield* Effect.forkScoped(Effect.forever(measure(listener, options?.interval ?? "1 second")))
      }
      return Context.make(Current, listener)
    })
  )

/** Sleeps for the interval, and notes by how much it overslept and what the executors hold then. */
const measure = Effect.fnUntraced(function* (listener: Listener, interval: Duration.Input) {
  const before = yield* Clock.monotonicTimeNanos
  yield* Effect.sleep(interval)
  const elapsed = Number((yield* Clock.monotonicTimeNanos) - before) / 1e6
  yield* Metric.update(metrics.loopDelay, Math.max(0, elapsed - Duration.toMillis(interval)))
  yield* gauges(listener)
})

const gauges = (listener: Listener) =>
  Effect.forEach(
    listener.executors,
    ([strategy, executor]) =>
      Effect.flatMap(executor.stats, ({ queued, running }) =>
        Effect.all([
          Metric.update(Metric.withAttributes(metrics.queued, { strategy }), queued),
          Metric.update(Metric.withAttributes(metrics.running, { strategy }), running)
        ])
      ),
    { discard: true }
  )

/** Measures queue depths now, instead of at the next interval: before a scrape. */
export const sample: Effect.Effect<void> = Effect.flatMap(Current, (listener) =>
  listener === undefined ? Effect.void : gauges(listener)
)
