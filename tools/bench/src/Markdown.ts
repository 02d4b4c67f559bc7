/** Reports as one Markdown page: the ratios first, then every figure with a bar, the machine described at the top. */
import { figure, type Report, type Row } from "./Report.ts"

const cell = (text: string): string => text.replaceAll("|", "\\|")

const line = (cells: ReadonlyArray<string>): string => `| ${cells.map(cell).join(" | ")} |`

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [line(head), `|${"---|".repeat(head.length)}`, ...lines.map(line)].join("\n")

const fullBar = 24

/** A bar as long as the value's share of the largest, in eighths of a character. */
export const bar = (value: number, largest: number): string => {
  if (!(largest > 0) || !(value > 0)) return ""
  const eighths = Math.max(1, Math.round((value / largest) * fullBar * 8))
  const rest = eighths % 8
  return "█".repeat(eighths >> 3) + (rest === 0 ? "" : String.fromCharCode(0x2590 - rest))
}

const section = (report: Report): string => {
  const parts = [`## ${report.name}`]
  if (report.goals.length > 0) {
    parts.push(
      table(
        ["work", "metric", "against", "ratio", "reach", "met"],
        report.goals.map((goal) => [
          goal.work,
          goal.metric,
          goal.against,
          goal.ratio === null ? "not measured" : goal.ratio.toPrecision(3),
          `${goal.sense} ${goal.reach}`,
          goal.met ? "yes" : "**no**"
        ])
      )
    )
  }
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

export const format = (reports: ReadonlyArray<Report>): string => {
  const goals = reports.flatMap((report) => report.goals)
  const met = goals.filter((goal) => goal.met).length
  return `${[
    "# Benches",
    `On ${Object.values(reports[0]?.machine ?? {}).join(", ")}.`,
    `${met} of ${goals.length} goals met. Medians of alternated runs in fresh processes; ratios are taken round by round. ` +
      "Compare ratios, not absolute figures.",
    ...reports.map(section)
  ].join("\n\n")}\n`
}
