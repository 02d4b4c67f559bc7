/** Findings as a table for people: a row for each host, in the order of the hosts file. */
import type { Finding } from "../survey/Finding.ts"
import * as Table from "./Table.ts"

export const format = (findings: ReadonlyArray<Finding>): string =>
  Table.format(
    [
      { title: "host", widest: 40 },
      { title: "state" },
      { title: "addresses", widest: 40 },
      { title: "leads back to", widest: 40 },
      { title: "ports", widest: 100 },
      { title: "fingerprint" }
    ],
    findings
      .toSorted((a, b) => a.line - b.line)
      .map((finding) => [
        finding.host,
        finding.state,
        finding.addresses.map(({ address }) => address).join(" "),
        [...new Set(finding.addresses.flatMap(({ names, problem }) => names ?? [problem ?? "not asked"]))].join(" "),
        finding.ports.length === 0
          ? (finding.problem ?? "")
          : finding.ports.map((port) => `${port.port}: ${port.says ?? port.state}`).join(" | "),
        finding.fingerprint?.slice(0, 8) ?? ""
      ])
  )
