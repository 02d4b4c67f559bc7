/** From measurements to rows and goals: pure, so that the arithmetic behind every claim is tested. */
import type { Definition, Figures, Goal } from "./Bench.ts"

/** One call of one subject. */
export interface Measurement {
  readonly work: string
  readonly subject: string
  readonly round: number
  readonly figures: Figures
}

export interface Row {
  readonly work: string
  readonly subject: string
  readonly metric: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

export interface GoalResult {
  readonly work: string
  readonly metric: string
  /** Ours. */
  readonly subject: string
  /** The peer (or figure) that ours was held against. */
  readonly against: string
  /** Median over the rounds of ours / theirs; null where one of the two was not measured. */
  readonly ratio: number | null
  /** What the ratio is to be at least, or at most. */
  readonly reach: number
  readonly sense: "at least" | "at most"
  readonly met: boolean
}

/** When, where and how a work was measured. */
export interface Run {
  readonly work: string
  /** ISO, to the minute, UTC. */
  readonly date: string
  readonly mode: "full" | "quick"
  /** Processes that ran or waited to when it began, the machine's mean over a minute: 0 is a calm machine. */
  readonly load: number
  readonly machine: Readonly<Record<string, string | number>>
}

export interface Report {
  readonly name: string
  /** Of each work that was measured. */
  readonly runs: ReadonlyArray<Run>
  readonly rows: ReadonlyArray<Row>
  readonly goals: ReadonlyArray<GoalResult>
  /** Subjects that were not measured, each with its reason. */
  readonly absent: ReadonlyArray<{ readonly work: string; readonly subject: string; readonly reason: string }>
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** `"p99, ms"` is metric p99 in ms; `"calls/s"` is its own unit. */
export const unitOf = (metric: string): string => {
  const comma = metric.lastIndexOf(", ")
  return comma < 0 ? metric : metric.slice(comma + 2)
}

const series = (
  all: ReadonlyArray<Measurement>,
  work: string,
  subject: string,
  metric: string
): Map<number, number> => {
  const out = new Map<number, number>()
  for (const one of all) {
    const value = one.figures[metric]
    if (one.work === work && one.subject === subject && value !== undefined) out.set(one.round, value)
  }
  return out
}

export const rows = (all: ReadonlyArray<Measurement>): ReadonlyArray<Row> => {
  const out = new Map<string, Row>()
  for (const { figures, subject, work } of all) {
    for (const metric of Object.keys(figures)) {
      const key = JSON.stringify([work, subject, metric])
      if (out.has(key)) continue
      const values = [...series(all, work, subject, metric).values()]
      out.set(key, {
        work,
        subject,
        metric,
        unit: unitOf(metric),
        median: median(values),
        min: Math.min(...values),
        max: Math.max(...values),
        runs: values.length
      })
    }
  }
  return [...out.values()]
}

const bestPeer = (all: ReadonlyArray<Measurement>, goal: Goal, higherIsBetter: boolean): string | undefined => {
  const peers = new Set(
    all.filter((one) => one.work === goal.work && one.subject !== goal.subject).map((one) => one.subject)
  )
  let best: { readonly subject: string; readonly value: number } | undefined
  for (const subject of peers) {
    const values = [...series(all, goal.work, subject, goal.metric).values()]
    if (values.length === 0) continue
    const value = median(values)
    if (best === undefined || (higherIsBetter ? value > best.value : value < best.value)) best = { subject, value }
  }
  return best?.subject
}

const target = (
  all: ReadonlyArray<Measurement>,
  goal: Goal
): { label: string; values: Map<number, number> | number } => {
  const { against } = goal
  if (typeof against === "number") return { label: `${against} ${unitOf(goal.metric)}`, values: against }
  if (typeof against === "object") {
    const work = against.work ?? goal.work
    const metric = against.metric ?? goal.metric
    const where = work === goal.work ? "" : ` at ${work}`
    const which = metric === goal.metric ? "" : ` (${metric})`
    return { label: `${against.subject}${where}${which}`, values: series(all, work, against.subject, metric) }
  }
  const name = against === "best peer" ? bestPeer(all, goal, goal.atLeast !== undefined) : against
  if (name === undefined) return { label: against, values: new Map() }
  return { label: name, values: series(all, goal.work, name, goal.metric) }
}

export const judge = (all: ReadonlyArray<Measurement>, goal: Goal): GoalResult => {
  const ours = series(all, goal.work, goal.subject, goal.metric)
  const theirs = target(all, goal)
  const ratios: Array<number> = []
  for (const [round, value] of ours) {
    const other = typeof theirs.values === "number" ? theirs.values : theirs.values.get(round)
    if (other !== undefined) ratios.push(other === 0 ? (value === 0 ? 1 : Infinity) : value / other)
  }
  const ratio = ratios.length === 0 ? null : median(ratios)
  const met =
    ratio !== null &&
    (goal.atLeast === undefined || ratio >= goal.atLeast) &&
    (goal.atMost === undefined || ratio <= goal.atMost)
  return {
    work: goal.work,
    metric: goal.metric,
    subject: goal.subject,
    against: theirs.label,
    ratio,
    reach: goal.atLeast ?? goal.atMost ?? Number.NaN,
    sense: goal.atLeast === undefined ? "at most" : "at least",
    met
  }
}

export const make = (
  definition: Definition,
  runs: Report["runs"],
  all: ReadonlyArray<Measurement>,
  absent: Report["absent"]
): Report => ({
  name: definition.name,
  runs,
  rows: rows(all),
  goals: definition.goals.map((goal) => judge(all, goal)),
  absent
})

/** The day of a run, and whether it was only a quick look; nothing if there was none. */
export const when = (run: Run | undefined): string =>
  run === undefined ? "" : `${run.date.slice(0, 10)}${run.mode === "quick" ? ", a quick look" : ""}`

export const figure = (value: number): string => {
  if (value === 0) return "0"
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString("en-US")
  return size >= 10 ? value.toFixed(1) : value.toPrecision(3)
}

const table = (lines: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

export const format = (report: Report): string => {
  const parts = [`${report.name} on ${Object.values(report.runs[0]?.machine ?? {}).join(", ")}`]
  parts.push(
    table([
      ["work", "subject", "metric", "median", "min", "max", "runs"],
      ...report.rows.map((row) => [
        row.work,
        row.subject,
        row.metric,
        figure(row.median),
        figure(row.min),
        figure(row.max),
        String(row.runs)
      ])
    ])
  )
  if (report.goals.length > 0) {
    parts.push(
      table([
        ["goal", "metric", "against", "ratio", "reach", "met"],
        ...report.goals.map((goal) => [
          goal.work,
          goal.metric,
          goal.against,
          goal.ratio === null ? "not measured" : goal.ratio.toPrecision(3),
          `${goal.sense} ${goal.reach}`,
          goal.ratio === null ? "?" : goal.met ? "yes" : "NO"
        ])
      ])
    )
  }
  for (const one of report.absent) parts.push(`not measured: ${one.subject} at ${one.work}: ${one.reason}`)
  return parts.join("\n\n")
}
