/** How findings are printed. A format is its name, whether it can be printed as findings come, and its text. */
import type { Finding } from "../survey/Finding.ts"
import * as Csv from "./Csv.ts"
import * as FindingTable from "./FindingTable.ts"
import * as Html from "./Html.ts"
import * as Markdown from "./Markdown.ts"
import * as Ndjson from "./Ndjson.ts"
import type { Seen } from "./Seen.ts"

export const names = ["table", "ndjson", "csv", "markdown", "html"] as const
export type Name = (typeof names)[number]

export interface Format {
  /** What comes before the first finding. */
  readonly header?: string
  /** The text of one finding, for formats that are printed as findings come. */
  readonly each?: (finding: Finding, seen: Seen) => string
  /** The text of all of them, for formats that need to see all first; no wider than `columns`, if it has columns. */
  readonly all?: (findings: ReadonlyArray<Finding>, seen: Seen, columns?: number) => string
}

export const formats: Readonly<Record<Name, Format>> = {
  ndjson: { each: Ndjson.line },
  table: { all: (findings, seen, columns) => `${FindingTable.format(findings, seen, columns)}\n` },
  csv: { header: Csv.header, each: Csv.row },
  markdown: { all: Markdown.format },
  html: { all: Html.format }
}
