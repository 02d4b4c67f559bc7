/** How findings are printed. A format is its name, whether it can be printed as findings come, and its text. */
import type { Finding } from "../survey/Finding.ts"
import * as Csv from "./Csv.ts"
import * as FindingTable from "./FindingTable.ts"
import * as Html from "./Html.ts"
import * as Markdown from "./Markdown.ts"

export const names = ["table", "ndjson", "csv", "markdown", "html"] as const
export type Name = (typeof names)[number]

export interface Format {
  /** What comes before the first finding. */
  readonly header?: string
  /** The text of one finding, for formats that are printed as findings come. */
  readonly each?: (finding: Finding) => string
  /** The text of all of them, for formats that need to see all first. */
  readonly all?: (findings: ReadonlyArray<Finding>) => string
}

export const formats: Readonly<Record<Name, Format>> = {
  ndjson: { each: (finding) => `${JSON.stringify(finding)}\n` },
  table: { all: (findings) => `${FindingTable.format(findings)}\n` },
  csv: { header: Csv.header, each: Csv.row },
  markdown: { all: Markdown.format },
  html: { all: Html.format }
}
