/** A pool's figures as Effect metrics. The hot path only counts; this reads the counts now and then. */
import type { Executor } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

const perWorker = /^worker (\d+) (.*)$/

const gaugeName = (name: string): string => `handoff_threads_${name.replaceAll(/[^A-Za-z0-9]+/g, "_")}`

/** Sets every gauge to what `stats` says now. */
export const publish = (pool: Pick<Executor.Executor<never>, "name" | "stats">): Effect.Effect<void> =>
  Effect.flatMap(pool.stats, ({ extra, ...counts }) =>
    Effect.forEach(
      Object.entries({ ...counts, ...extra }),
      ([name, value]) => {
        const worker = perWorker.exec(name)
        const attributes = { pool: pool.name, ...(worker !== null && { worker: worker[1]! }) }
        const gauge = Metric.gauge(gaugeName(worker?.[2] ?? name))
        return Metric.update(Metric.withAttributes(gauge, attributes), value)
      },
      { discard: true }
    )
  )
