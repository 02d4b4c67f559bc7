/** Findings as a Markdown table. */
import type { Finding } from "../survey/Finding.ts"
import { describe, recordsOf, type Seen } from "./Seen.ts"

export const format = (findings: ReadonlyArray<Finding>, seen: Seen): string =>
  [
    "| host | state | addresses | leads back to | ports | records |",
    "|---|---|---|---|---|---|",
    ...findings
      .toSorted((a, b) => a.line - b.line)
      .map((finding) =>
        [
          finding.host,
          finding.problem === undefined ? finding.state : `${finding.state}: ${finding.problem}`,
          finding.addresses.map(({ address }) => address).join(" "),
          [...new Set(finding.addresses.flatMap(({ names, problem }) => names ?? [problem ?? "not asked"]))].join(" "),
          finding.ports.map((port) => `${port.port}: ${describe(port, seen)}`).join("; "),
          recordsOf(finding).join("; ")
        ]
          .map(escape)
          .join(" | ")
      )
      .map((row) => `| ${row} |`),
    ""
  ].join("\n")

/** What hosts say is text, not Markdown. */
const escape = (cell: string): string => cell.replaceAll(/[\\|`*_<>[\]]/g, "\\$&")
