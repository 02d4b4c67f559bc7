/**
 * Findings as a table for people: a row for each host, in the order of the hosts file, and in it a line for each port
 * that says something.
 */
import type { Finding, PortFinding } from "../survey/Finding.ts"
import { describe, recordsOf, type Seen } from "./Seen.ts"
import * as Table from "./Table.ts"

/** No wider than `columns`, if that is possible. */
export const format = (findings: ReadonlyArray<Finding>, seen: Seen, columns?: number): string => {
  // A terminal is narrow: no word of what nobody asked for.
  const hasRecords = findings.some(({ records }) => records !== undefined)
  return Table.format(
    [
      { title: "host", widest: 40 },
      { title: "state" },
      { title: "addresses" },
      { title: "leads back to", widest: 40 },
      { title: "print" },
      { title: hasRecords ? "ports and records" : "ports" }
    ],
    findings
      .toSorted((a, b) => a.line - b.line)
      .map((finding) => [
        finding.host,
        finding.state,
        finding.addresses.map(({ address }) => address),
        [...new Set(finding.addresses.flatMap(({ names, problem }) => names ?? [problem ?? "not asked"]))],
        finding.fingerprint?.slice(0, 8) ?? "",
        [...saidOf(finding, seen), ...recordsOf(finding)]
      ]),
    columns
  )
}

/** What its ports say, or why none was asked. */
const saidOf = (finding: Finding, seen: Seen): ReadonlyArray<string> => {
  if (finding.ports.length > 0) return portsOf(finding, seen)
  return finding.problem === undefined ? [] : [finding.problem]
}

/** A line for each port that has something to say; those that do not answer share one for each reason. */
const portsOf = ({ ports }: Finding, seen: Seen): ReadonlyArray<string> => {
  const closed = new Map<PortFinding["state"], Array<number>>()
  const lines: Array<string> = []
  for (const port of ports) {
    const words = describe(port, seen)
    if (words !== port.state || port.state === "open") lines.push(`${port.port}: ${words}`)
    else closed.set(port.state, [...(closed.get(port.state) ?? []), port.port])
  }
  return [...lines, ...[...closed].map(([state, numbers]) => `${numbers.join(", ")}: ${state}`)]
}
