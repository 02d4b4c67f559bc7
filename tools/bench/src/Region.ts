/** A part of a document that the benches write: it stands between marks, and what surrounds it is a person's. */

const end = "<!-- end -->"

/** The page with this text between its marks. */
export const fill = (page: string, mark: string, text: string): string => {
  const begin = `<!-- ${mark} -->`
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)
  if (before === undefined || after === undefined || after.length < 2) {
    throw new Error(`the page has no place "${begin}" for its figures`)
  }
  return `${before}${begin}\n\n${text}\n\n${end}${after.slice(1).join(end)}`
}

/** Aligned as the formatter aligns it. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]!.length)))
  const show = (row: ReadonlyArray<string>): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  return [show(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(show)].join("\n")
}
