/** Samples as the lines of charts. Pure; `null` is a gap. */
import type { Sample, Strategy } from "./Event.ts"

export interface Line {
  readonly name: string
  readonly values: ReadonlyArray<number | null>
}

export interface Chart {
  /** Seconds since the survey began. */
  readonly times: ReadonlyArray<number>
  readonly lines: ReadonlyArray<Line>
}

/** Milliseconds that a rate looks back at least: over less, one task more or less makes a peak. */
const back = 900

/** Tasks answered a second, by strategy. */
export const tasks = (samples: ReadonlyArray<Sample>): Chart =>
  byStrategy(samples, (strategy, before, seconds) =>
    seconds === 0 ? null : round((answered(strategy) - (before === undefined ? 0 : answered(before))) / seconds)
  )

/** Tasks that a strategy has and has not answered, by strategy. */
export const depths = (samples: ReadonlyArray<Sample>): Chart =>
  byStrategy(samples, ({ queued, running }) => queued + running)

/** How late the event loop was, in milliseconds. */
export const delays = (samples: ReadonlyArray<Sample>): Chart => ({
  times: timesOf(samples),
  lines: (["p50", "p99", "max"] as const).map((name) => ({
    name,
    values: samples.map(({ loopDelay }) => loopDelay[name])
  }))
})

/** Percent of answers that a strategy's cache gave; nothing where it was not asked. */
export const cacheHits = (samples: ReadonlyArray<Sample>): Chart => {
  const { lines, times } = byStrategy(samples, (strategy, before) => {
    const hits = grown("cache.hits", strategy, before)
    const misses = grown("cache.misses", strategy, before)
    return hits === undefined || misses === undefined || hits + misses <= 0
      ? null
      : round((100 * hits) / (hits + misses))
  })
  return { times, lines: lines.filter(({ values }) => values.some((value) => value !== null)) }
}

/** Hosts a second at each sample. */
export const hosts = (samples: ReadonlyArray<Sample>): ReadonlyArray<number | null> =>
  samples.map((sample, index) => {
    const before = earlier(samples, index)
    const seconds = (sample.at - (before?.at ?? 0)) / 1_000
    return seconds <= 0
      ? null
      : round((sample.done + sample.failed - (before === undefined ? 0 : before.done + before.failed)) / seconds)
  })

/**
 * Samples up to the newest in which anybody is listed, or all where nobody ever is: a survey that is stopped takes the
 * workers of calls that are given up with it, and its last sample may come before there are others.
 */
export const withMembers = (samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> => {
  const index = samples.findLastIndex(({ strategies }) => strategies.some(({ members }) => members.length > 0))
  return index < 0 ? samples : samples.slice(0, index + 1)
}

/** How much of the time since the sample before a thing was in use, from 0 to 1; undefined where it does not say. */
export const use = (samples: ReadonlyArray<Sample>, strategy: string, kind: string, id: string): number | undefined => {
  const index = samples.length - 1
  const find = (sample: Sample | undefined) =>
    sample?.strategies.find(({ name }) => name === strategy)?.members.find((one) => one.kind === kind && one.id === id)
  const now = find(samples[index])?.figures
  const sample = earlier(samples, index)
  const before = find(sample)?.figures
  const busy = now?.["busy"]
  if (busy === undefined || sample === undefined) return now?.["utilisation"]
  const elapsed = samples[index]!.at - sample.at
  const share = (busy - (before?.["busy"] ?? 0)) / elapsed
  return elapsed <= 0 || share < 0 ? now?.["utilisation"] : Math.min(1, share)
}

/** Processors in use since the sample before. */
export const processors = (samples: ReadonlyArray<Sample>): number | undefined => {
  const index = samples.length - 1
  const before = earlier(samples, index)
  return before === undefined
    ? undefined
    : round((1_000 * (samples[index]!.cpuSeconds - before.cpuSeconds)) / (samples[index]!.at - before.at))
}

/** Seconds until the end at the speed so far; undefined where nothing is known. */
export const remaining = (sample: Sample): number | undefined => {
  const all = sample.done + sample.failed
  return sample.total === undefined || all === 0 ? undefined : ((sample.at / 1_000) * (sample.total - all)) / all
}

const byStrategy = (
  samples: ReadonlyArray<Sample>,
  value: (strategy: Strategy, before: Strategy | undefined, seconds: number) => number | null
): Chart => {
  const names = [...new Set(samples.flatMap(({ strategies }) => strategies.map(({ name }) => name)))].toSorted()
  return {
    times: timesOf(samples),
    lines: names.map((name) => ({
      name,
      values: samples.map((sample, index) => {
        const strategy = sample.strategies.find((one) => one.name === name)
        if (strategy === undefined) return null
        const before = earlier(samples, index)
        const seconds = Math.max(0, (sample.at - (before?.at ?? 0)) / 1_000)
        return value(
          strategy,
          before?.strategies.find((one) => one.name === name),
          seconds
        )
      })
    }))
  }
}

/** The sample that a rate is measured from. */
const earlier = (samples: ReadonlyArray<Sample>, index: number): Sample | undefined => {
  for (let i = index - 1; i >= 0; i--) if (samples[index]!.at - samples[i]!.at >= back) return samples[i]
  return undefined
}

const timesOf = (samples: ReadonlyArray<Sample>): ReadonlyArray<number> => samples.map(({ at }) => at / 1_000)

const answered = ({ cancelled, done, failed, lost }: Strategy): number => done + failed + lost + cancelled

/** A counter that only grows, except that a strategy which was made anew begins at nothing. */
const grown = (figure: string, now: Strategy, before: Strategy | undefined): number | undefined => {
  const value = now.figures[figure]
  if (value === undefined) return undefined
  const old = before?.figures[figure] ?? 0
  return value < old ? value : value - old
}

const round = (value: number): number => Math.round(value * 10) / 10
