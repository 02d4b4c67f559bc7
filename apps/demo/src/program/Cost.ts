/**
 * What a piece of work cost this process: time, processor, the largest memory, and how late the event loop was. The
 * loop's delay is what the main program feels: how long anything else that wanted to run had to wait.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { monitorEventLoopDelay } from "node:perf_hooks"

export interface Cost {
  readonly seconds: number
  /** Processor seconds, of all threads. */
  readonly cpuSeconds: number
  /** The largest resident set of the process, in MiB. */
  readonly memoryMiB: number
  /** Milliseconds by which the event loop was late. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Milliseconds between two looks at the loop; what is seen beyond them is delay. */
const resolution = 2

/**
 * Prepares some work, and gives what that gave, with an effect that gives the cost so far. Preparing costs time and
 * processor like the work; the loop's delay counts from its end on: while modules are loaded nothing waits yet. Measuring
 * ends with the scope.
 */
export const measure = Effect.fnUntraced(function* <A, E, R>(
  prepare: Effect.Effect<A, E, R>
): Effect.fn.Return<readonly [prepared: A, cost: Effect.Effect<Cost>], E, R | Scope.Scope> {
  const began = yield* Clock.currentTimeMillis
  const cpu = process.cpuUsage()
  const prepared = yield* prepare
  const histogram = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => void histogram.disable())
  )
  const late = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? round(Math.max(0, nanoseconds / 1e6 - resolution), 1) : 0
  const cost = Effect.map(Clock.currentTimeMillis, (now) => {
    const used = process.cpuUsage(cpu)
    return {
      seconds: round((now - began) / 1_000, 2),
      cpuSeconds: round((used.user + used.system) / 1e6, 2),
      memoryMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
      loopDelay: {
        p50: late(histogram.percentile(50)),
        p99: late(histogram.percentile(99)),
        max: histogram.count === 0 ? 0 : late(histogram.max)
      }
    }
  })
  return [prepared, cost]
})

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits
