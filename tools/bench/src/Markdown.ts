/** Reports as one Markdown page: the ratios first, then every figure with a bar, and how each was measured. */
import { figure, type GoalResult, type Report, type Row, type Run } from "./Report.ts"

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

const line = (cells: ReadonlyArray<string>): string => `| ${cells.map(cell).join(" | ")} |`

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [line(head), `|${" --- |".repeat(head.length)}`, ...lines.map(line)].join("\n")

const fullBar = 24

/** A bar as long as the value's share of the largest, in eighths of a character. */
export const bar = (value: number, largest: number): string => {
  if (!(largest > 0) || !(value > 0)) return ""
  const eighths = Math.max(1, Math.round((value / largest) * fullBar * 8))
  const rest = eighths % 8
  return "█".repeat(eighths >> 3) + (rest === 0 ? "" : String.fromCharCode(0x2590 - rest))
}

const ratio = (goal: GoalResult): string => (goal.ratio === null ? "not measured" : goal.ratio.toPrecision(3))

const verdict = (goal: GoalResult): string => (goal.met ? "met" : goal.ratio === null ? "" : "**missed**")

const goals = (all: ReadonlyArray<GoalResult>): string =>
  table(
    ["ratio", "to reach", "", "ours", "against", "work", "metric"],
    all.map((goal) => [
      ratio(goal),
      `${goal.sense} ${goal.reach}`,
      verdict(goal),
      goal.subject,
      goal.against,
      goal.work,
      goal.metric
    ])
  )

const machine = (run: Run | undefined): string => Object.values(run?.machine ?? {}).join(", ")

/** "Full rounds on 2026-11-28 at 20:15 UTC, load 0.1". */
const how = ({ date, load, mode }: Run): string =>
  `${mode === "full" ? "Full rounds" : "A quick look"} on ${date.slice(0, 10)} at ${date.slice(11, 16)} UTC, load ${load}`

/** Works that were measured in one run stand together. */
const runs = (report: Report, isSameMachine: boolean): string => {
  const told = Map.groupBy(report.runs, (run) => how(run) + (isSameMachine ? "" : `, on ${machine(run)}`))
  return [...told]
    .map(([text, of]) => (told.size === 1 ? `${text}.` : `${text}: ${of.map(({ work }) => work).join("; ")}.`))
    .join("\n\n")
}

const section = (report: Report, isSameMachine: boolean): string => {
  const parts = [`## ${report.name}`, runs(report, isSameMachine)]
  if (report.goals.length > 0) parts.push(goals(report.goals))
  const charts = Map.groupBy(report.rows, (row: Row) => JSON.stringify([row.work, row.metric]))
  for (const rows of charts.values()) {
    const largest = Math.max(...rows.map(({ median }) => median))
    parts.push(
      `**${rows[0]!.work}**, ${rows[0]!.metric}`,
      table(
        ["subject", "median", "min", "max", "runs", ""],
        rows.map((row) => [
          row.subject,
          figure(row.median),
          figure(row.min),
          figure(row.max),
          String(row.runs),
          bar(row.median, largest)
        ])
      )
    )
  }
  for (const one of report.absent) parts.push(`Not measured: ${one.subject} at ${one.work}: ${one.reason}`)
  return parts.join("\n\n")
}

const count = (all: ReadonlyArray<GoalResult>) => ({
  met: all.filter((goal) => goal.met),
  missed: all.filter((goal) => !goal.met && goal.ratio !== null),
  open: all.filter((goal) => goal.ratio === null)
})

/** A line of the summary. */
const summary = (report: Report): ReadonlyArray<string> => {
  const { met, missed, open } = count(report.goals)
  return [
    `[${report.name}](#${report.name.replaceAll("/", "-")})`,
    String(met.length),
    String(missed.length),
    String(open.length)
  ]
}

/** The page; `order` is its place among the pages of the site. */
export const format = (reports: ReadonlyArray<Report>, options: { readonly order?: number } = {}): string => {
  const all = reports.flatMap((report) => report.goals)
  const { met, missed } = count(all)
  const machines = new Set(reports.flatMap((report) => report.runs.map(machine)))
  const isSameMachine = machines.size === 1
  const head = options.order === undefined ? [] : [`---\norder: ${options.order}\n---`]
  return `${[
    ...head,
    "# Figures",
    "What the benches measured, and nothing else: `npm run bench` writes this page. Subjects run in turn in fresh processes, " +
      "round after round; each result is checked before it is timed; a ratio is the median of the ratios of rounds. " +
      "Compare ratios: absolute figures are of one machine on one day, and those of a quick look are for a look.",
    ...(isSameMachine ? [`Measured on ${[...machines][0]}.`] : []),
    `${met.length} of ${all.length} goals are met.`,
    table(["bench", "met", "missed", "not measured"], reports.map(summary)),
    ...(missed.length === 0 ? [] : ["## Missed goals", goals(missed)]),
    ...reports.map((report) => section(report, isSameMachine))
  ].join("\n\n")}\n`
}
