/**
 * Who holds the loop. A handler that runs for long delays every socket; here it is measured, and named.
 *
 * Two views: `held` is told what each handler took (exact, by name), and a histogram of the loop's own delay shows what
 * all of them together did to it (`monitorEventLoopDelay`, which also sees what nobody reported).
 */
import type { ELDHistogram } from "node:perf_hooks"
import { monitorEventLoopDelay } from "node:perf_hooks"

/** One who held the loop longer than the threshold. */
export interface Holder {
  readonly name: string
  /** How often it passed the threshold. */
  readonly times: number
  readonly longestMillis: number
  readonly totalMillis: number
}

/** From when on a handler counts, who is told, and whether the loop itself is watched. */
export interface Options {
  /** Milliseconds from which a handler counts as a holder. */
  readonly threshold: number
  /** Told each time. */
  readonly onHold?: ((name: string, millis: number) => void) | undefined
  /** Whether the loop's own delay is sampled too (one timer every 10 ms). */
  readonly sample?: boolean | undefined
}

export class LoopWatch {
  readonly #options: Options
  readonly #holders = new Map<string, { times: number; longestMillis: number; totalMillis: number }>()
  readonly #delay: ELDHistogram | undefined

  constructor(options: Options) {
    this.#options = options
    this.#delay = options.sample === true ? monitorEventLoopDelay({ resolution: 10 }) : undefined
    this.#delay?.enable()
  }

  /** A handler ran for so long without letting the loop go on. */
  held(name: string, millis: number): void {
    if (millis < this.#options.threshold) return
    let holder = this.#holders.get(name)
    if (holder === undefined) {
      holder = { times: 0, longestMillis: 0, totalMillis: 0 }
      this.#holders.set(name, holder)
    }
    holder.times++
    holder.totalMillis += millis
    if (millis > holder.longestMillis) holder.longestMillis = millis
    this.#options.onHold?.(name, millis)
  }

  /** Runs a function and counts what it took against a name. */
  run<A>(name: string, work: () => A): A {
    const started = performance.now()
    try {
      return work()
    } finally {
      this.held(name, performance.now() - started)
    }
  }

  /** The worst first. */
  get holders(): ReadonlyArray<Holder> {
    return Array.from(this.#holders, ([name, { longestMillis, times, totalMillis }]) => ({
      name,
      times,
      longestMillis,
      totalMillis
    })).toSorted((a, b) => b.totalMillis - a.totalMillis)
  }

  /** Milliseconds below which the loop's delay was for that share of the samples; undefined when not sampled. */
  percentile(share: number): number | undefined {
    return this.#delay === undefined ? undefined : this.#delay.percentile(share * 100) / 1e6
  }

  close(): void {
    this.#delay?.disable()
  }
}
