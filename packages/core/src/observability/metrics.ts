/**
 * The metrics of observed executors. Times are in milliseconds; names follow Prometheus, labels are `strategy`, `kind`
 * and `outcome`.
 */
import * as Metric from "effect/Metric"

/** From a tenth of a millisecond to about three minutes, by factors of two. */
const boundaries = Metric.exponentialBoundaries({ start: 0.1, factor: 2, count: 21 })

/** Tasks that ended, by strategy, kind and outcome: `done`, `failed`, `lost`, `cancelled`. */
export const tasks = Metric.counter("handoff_tasks_total", {
  description: "Tasks that ended, by outcome",
  incremental: true
})

/** From the hand-off until the strategy took the task up, where it tells. */
export const wait = Metric.histogram("handoff_wait_milliseconds", {
  description: "From the hand-off until the strategy took the task up",
  boundaries
})

/** From taking it up (or the hand-off, where the strategy does not tell) to the answer. */
export const run = Metric.histogram("handoff_run_milliseconds", {
  description: "From the start of a task to its answer",
  boundaries
})

/** Tasks waiting to start, by strategy. */
export const queued = Metric.gauge("handoff_queue_depth", { description: "Tasks that wait in a strategy" })

/** Tasks running, by strategy. */
export const running = Metric.gauge("handoff_running", { description: "Tasks that run in a strategy" })

/** How much later than asked a timer of the main loop came: what the main program is delayed by. */
export const loopDelay = Metric.histogram("handoff_loop_delay_milliseconds", {
  description: "How late the main loop is",
  boundaries
})
