/** A page of its own: no script, no request to anyone, light and dark; charts whose text a screen reader reads. */

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
  h1 { font-size: 1.6rem; line-height: 1.25; }
  h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; }
  th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); vertical-align: top; }
  th:first-child, td:first-child { padding-left: 0; }
  .bars { width: 100%; max-width: 50rem; }
  .bars th, .bars td { border: 0; padding-block: .1rem; vertical-align: middle; }
  .bars tbody th { width: 40%; min-width: 7rem; font-weight: 400; overflow-wrap: anywhere; }
  .bars thead { font-size: .85rem; white-space: nowrap; }
  .bars .bar { width: 45%; padding-inline: 0; }
  .bars .number { white-space: nowrap; font-variant-numeric: tabular-nums; }
  svg { display: block; width: 100%; height: 1rem; overflow: visible; }
  rect { fill: light-dark(#2060b0, #70a8f0); print-color-adjust: exact; }
  path { stroke: currentColor; stroke-width: 2px; vector-effect: non-scaling-stroke; }
  pre { white-space: pre-wrap; }
  @media (max-width: 40rem) {
    th, td { padding-inline: .35rem; }
    .bars .bar { width: 30%; }
    .bars thead, .bars .number { white-space: normal; font-size: .85rem; line-height: 1.25; }
  }
  @media print {
    :root { color-scheme: light; font-size: 11px; }
    .wide { overflow: visible; }
    h2 { break-after: avoid; }
    tr { break-inside: avoid; }
    td { overflow-wrap: anywhere; }
  }
</style>
<main>
<h1>${escape(title)}</h1>
${sections.map(([heading, markup]) => `<h2>${escape(heading)}</h2>\n${markup}`).join("\n")}
</main>
</html>
`

/** Horizontal bars with their numbers beside them: a table, so that all of it is text that is read and wraps. */
export const bars = (rows: ReadonlyArray<readonly [label: string, value: number]>): string => {
  if (rows.length === 0) return "<p>Nothing.</p>"
  const most = rows.reduce((most, [, value]) => Math.max(most, value), 0)
  const drawn = rows.map(
    ([label, value]) =>
      `<tr><th scope="row">${escape(label)}<td class="bar">${drawing(bar(value, most))}<td class="number">${value}`
  )
  return `<table class="bars"><tbody>\n${drawn.join("\n")}\n</tbody></table>`
}

/** Bars of medians with a line from the least to the most, as `bars` otherwise. */
export const spreads = (
  rows: ReadonlyArray<
    readonly [label: string, spread: { readonly median: number; readonly min: number; readonly max: number }]
  >,
  digits: number
): string => {
  const most = rows.reduce((most, [, { max }]) => Math.max(most, max), 0)
  const drawn = rows.map(([label, { max, median, min }]) => {
    const line = `<path d="M${share(min, most)} 5H${share(max, most)}"/>`
    return (
      `<tr><th scope="row">${escape(label)}<td class="bar">${drawing(bar(median, most) + line)}` +
      `<td class="number">${median.toFixed(digits)}<td class="number">${min.toFixed(digits)} to ${max.toFixed(digits)}`
    )
  })
  return (
    '<table class="bars"><thead><tr><td><td><th scope="col">median<th scope="col">least to most</thead>' +
    `<tbody>\n${drawn.join("\n")}\n</tbody></table>`
  )
}

/** As wide as there is room; the numbers say the same, so nobody reads it aloud. */
const drawing = (shapes: string): string =>
  `<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${shapes}</svg>`

const bar = (value: number, most: number): string => `<rect y="1" width="${share(value, most)}" height="8"/>`

/** Of a hundred. */
const share = (value: number, most: number): number => (most === 0 ? 0 : Math.round((value / most) * 1_000) / 10)

export const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
