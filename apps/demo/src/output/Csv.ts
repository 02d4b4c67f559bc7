/** Findings as comma-separated values (RFC 4180): a header, then a row for each host. */
import type { Finding } from "../survey/Finding.ts"

export const header = "line,host,state,problem,addresses,names,agrees,ports,fingerprint\r\n"

export const row = (finding: Finding): string =>
  [
    String(finding.line),
    finding.host,
    finding.state,
    finding.problem ?? "",
    finding.addresses.map(({ address }) => address).join(" "),
    [...new Set(finding.addresses.flatMap(({ names }) => names ?? []))].join(" "),
    finding.agrees === undefined ? "" : String(finding.agrees),
    finding.ports.map((port) => `${port.port}/${port.protocol}: ${port.says ?? port.state}`).join("; "),
    finding.fingerprint ?? ""
  ]
    .map(quote)
    .join(",") + "\r\n"

/** A cell in quotes where it needs them; one that a spreadsheet would take for a formula gets an apostrophe. */
const quote = (cell: string): string => {
  const safe = /^[=+\-@\t]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
