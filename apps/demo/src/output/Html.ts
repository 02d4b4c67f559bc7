/** Findings as one HTML file: no script, no request to anyone; bars of what was found above the table of hosts. */
import type { Finding } from "../survey/Finding.ts"

export const format = (findings: ReadonlyArray<Finding>): string => {
  const done = findings.filter(({ state }) => state === "done").length
  const says = count(findings.flatMap(({ ports }) => ports.flatMap(({ says }) => (says === undefined ? [] : [says]))))
  return page(`A survey of ${findings.length} hosts`, [
    ["In all", `<p>${done} done, ${findings.length - done} failed.</p>`],
    ["Ports", bars(count(findings.flatMap(({ ports }) => ports.map(({ port, state }) => `${port} ${state}`))))],
    ["What failed", bars(count(findings.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))))],
    ["What hosts say", bars(says.slice(0, 20))],
    [
      "Hosts",
      `<div class="wide"><table>
<thead><tr><th scope="col">host<th scope="col">state<th scope="col">addresses<th scope="col">leads back to<th scope="col">ports<th scope="col">fingerprint</thead>
<tbody>
${findings
  .toSorted((a, b) => a.line - b.line)
  .map(row)
  .join("\n")}
</tbody></table></div>`
    ]
  ])
}

/** A page of sections; the title and headings are text, the rest is markup. */
export const page = (
  title: string,
  sections: ReadonlyArray<readonly [heading: string, markup: string]>
): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 80rem; margin: auto; padding: 1rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; }
  th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); vertical-align: top; }
  svg { max-width: 100%; height: auto; }
  rect { fill: light-dark(#2060b0, #70a8f0); }
  text { fill: currentColor; font-size: 14px; }
</style>
<h1>${escape(title)}</h1>
${sections.map(([heading, markup]) => `<h2>${escape(heading)}</h2>\n${markup}`).join("\n")}
</html>
`

const row = (finding: Finding): string =>
  `<tr><th scope="row">${escape(finding.host)}` +
  [
    finding.problem === undefined ? finding.state : `${finding.state}: ${finding.problem}`,
    finding.addresses.map(({ address }) => address).join(" "),
    [...new Set(finding.addresses.flatMap(({ names, problem }) => names ?? [problem ?? "not asked"]))].join(" "),
    finding.ports.map((port) => `${port.port}: ${port.says ?? port.state}`).join("; "),
    finding.fingerprint?.slice(0, 8) ?? ""
  ]
    .map((cell) => `<td>${escape(cell)}`)
    .join("")

/** How often each word is there, most often first. */
const count = (words: ReadonlyArray<string>): ReadonlyArray<readonly [word: string, times: number]> => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}

/** Horizontal bars with their numbers beside them; the text is what a screen reader reads. */
export const bars = (rows: ReadonlyArray<readonly [label: string, value: number]>): string => {
  if (rows.length === 0) return "<p>Nothing.</p>"
  const most = Math.max(...rows.map(([, value]) => value))
  const height = 24
  const drawn = rows.map(([label, value], index) => {
    const width = most === 0 ? 0 : Math.round((value / most) * 300)
    const y = index * height
    return (
      `<text x="0" y="${y + 17}">${escape(label.length > 50 ? `${label.slice(0, 47)}...` : label)}</text>` +
      `<rect x="420" y="${y + 4}" width="${width}" height="${height - 8}"/>` +
      `<text x="${428 + width}" y="${y + 17}">${value}</text>`
    )
  })
  const label = rows.map(([label, value]) => `${label}: ${value}`).join(", ")
  return `<svg viewBox="0 0 800 ${rows.length * height}" width="800" height="${rows.length * height}" role="img" aria-label="${escape(label)}">${drawn.join("")}</svg>`
}

export const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
