/** Findings as one HTML file: no script, no request to anyone; plots of what was found above the table of hosts. */
import type { Address, Finding } from "../survey/Finding.ts"
import { withoutOwnNames } from "../survey/ownNames.ts"
import { count } from "./count.ts"
import { bars, escape, page } from "./Page.ts"
import { daysOf, describe, flawsOf, recordsOf, type Seen } from "./Seen.ts"

export const format = (findings: ReadonlyArray<Finding>, seen: Seen): string => {
  const done = findings.filter(({ state }) => state === "done").length
  const ports = findings.flatMap(({ ports }) => ports)
  const secured = ports.filter(({ tls }) => tls !== undefined)
  const records = findings.flatMap(({ records = {} }) => Object.entries(records))
  const agree = findings.flatMap(({ agrees }) =>
    agrees === undefined ? [] : [agrees ? "lead back" : "do not lead back"]
  )
  const plots: ReadonlyArray<readonly [heading: string, rows: ReadonlyArray<readonly [string, number]>]> = [
    ["Ports", tally(ports.map(({ port, protocol, state }) => `${port}/${protocol} ${state}`))],
    ["What failed", tally(findings.flatMap(({ problem }) => (problem === undefined ? [] : [problem])))],
    ["Whether addresses lead back to their host", tally(agree)],
    ["Days that certificates have left", spans(secured.map((port) => daysOf(port, seen)!))],
    ["What is wrong with certificates", tally(secured.flatMap((port) => [...flawsOf(port, seen)]))],
    ["Versions of TLS", tally(secured.map(({ tls }) => tls!.version))],
    ["Who issued certificates", tally(secured.map(({ tls }) => tls!.certificate.issuer)).slice(0, 20)],
    [
      "Kinds of SSH keys",
      tally(ports.flatMap(({ hostKey }) => (hostKey === undefined ? [] : [`${hostKey.type} ${hostKey.bits}`])))
    ],
    ["Records", tally(records.map(([type, records]) => `${type}: ${typeof records === "string" ? records : "there"}`))],
    ["What hosts say", tally(findings.flatMap(saidBy)).slice(0, 20)]
  ]
  return page(`A survey of ${count(findings.length, "host")}`, [
    [
      "In all",
      `<p>${done} done, ${findings.length - done} failed. As of ${new Date(seen.now).toISOString().slice(0, 16)}Z.</p>`
    ],
    ...plots.flatMap(([heading, rows]) => (rows.length === 0 ? [] : [[heading, bars(rows)] as const])),
    ["Hosts", table(findings, seen)]
  ])
}

const table = (
  findings: ReadonlyArray<Finding>,
  seen: Seen
): string => `<div class="wide" tabindex="0" role="region" aria-label="Hosts"><table>
<thead><tr><th scope="col">host<th scope="col">state<th scope="col">addresses<th scope="col">leads back to<th scope="col">ports<th scope="col">records<th scope="col">fingerprint</thead>
<tbody>
${findings
  .toSorted((a, b) => a.line - b.line)
  .map((finding) => row(finding, seen))
  .join("\n")}
</tbody></table></div>`

const row = (finding: Finding, seen: Seen): string => {
  const cells = [
    [finding.problem === undefined ? finding.state : `${finding.state}: ${finding.problem}`],
    finding.addresses.map(({ address }) => address),
    [...new Set(finding.addresses.flatMap(namesOf))],
    finding.ports.map((port) => `${port.port}: ${describe(port, seen)}`),
    recordsOf(finding),
    [finding.fingerprint?.slice(0, 8) ?? ""]
  ]
  const marked = cells.map((lines) => `<td>${lines.map(escape).join("<br>")}`).join("")
  return `<tr><th scope="row">${escape(finding.host)}${marked}`
}

const namesOf = ({ names, problem }: Address): ReadonlyArray<string> => names ?? [problem ?? "not asked"]

/** Hosts greet by their own name; without it, what many of them say is one bar. */
const saidBy = (finding: Finding): ReadonlyArray<string> =>
  finding.ports.flatMap(({ says }) => (says === undefined ? [] : [withoutOwnNames(says, finding)]))

/** Days in spans that people think in; all of them, so that a gap is seen. */
const spans = (days: ReadonlyArray<number>): ReadonlyArray<readonly [span: string, count: number]> => {
  if (days.length === 0) return []
  const ends = [
    ["ended", 0],
    ["within a week", 7],
    ["within a month", 30],
    ["within three months", 90],
    ["within half a year", 182],
    ["within a year", 366],
    ["later", Infinity]
  ] as const
  let from = -Infinity
  return ends.map(([span, to]) => {
    const inside = days.filter((left) => left >= from && left < to).length
    from = to
    return [span, inside] as const
  })
}

/** How often each word is there, most often first. */
const tally = (words: ReadonlyArray<string>): ReadonlyArray<readonly [word: string, times: number]> => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}
