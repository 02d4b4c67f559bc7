/** Findings as comma-separated values (RFC 4180): a header, then a row for each host. */
import type { Finding, PortFinding } from "../survey/Finding.ts"
import { daysOf, flawsOf, recordsOf, type Seen } from "./Seen.ts"

export const header =
  "line,host,state,problem,addresses,names,agrees,ports,fingerprint,titles,tls,certificates,issuers,ends,days left,flaws,host keys,records\r\n"

export const row = (finding: Finding, seen: Seen): string =>
  [
    String(finding.line),
    finding.host,
    finding.state,
    finding.problem ?? "",
    finding.addresses.map(({ address }) => address).join(" "),
    [...new Set(finding.addresses.flatMap(({ names }) => names ?? []))].join(" "),
    finding.agrees === undefined ? "" : String(finding.agrees),
    finding.ports.map((port) => `${port.port}/${port.protocol}: ${port.says ?? port.state}`).join("; "),
    finding.fingerprint ?? "",
    joined(finding, ({ title }) => title),
    joined(finding, ({ tls }) => tls?.version),
    joined(finding, ({ tls }) => tls?.certificate.names.join(" ")),
    joined(finding, ({ tls }) => tls?.certificate.issuer),
    joined(finding, ({ tls }) => tls?.certificate.notAfter),
    joined(finding, (port) => daysOf(port, seen)?.toString()),
    joined(finding, (port) => flawsOf(port, seen).join(" ") || undefined),
    joined(finding, ({ hostKey }) => hostKey && `${hostKey.type} ${hostKey.fingerprint}`),
    recordsOf(finding).join("; ")
  ]
    .map(quote)
    .join(",") + "\r\n"

/** What each port has to say to a column, with its number where there are several. */
const joined = ({ ports }: Finding, say: (port: PortFinding) => string | undefined): string => {
  const said = ports.flatMap((port) => {
    const words = say(port)
    return words === undefined ? [] : [{ port: port.port, words }]
  })
  return said.length === 1 ? said[0]!.words : said.map(({ port, words }) => `${port}: ${words}`).join("; ")
}

/** A cell in quotes where it needs them; one that a spreadsheet would take for a formula gets an apostrophe. */
const quote = (cell: string): string => {
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
