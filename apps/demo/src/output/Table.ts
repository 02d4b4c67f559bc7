/** Plain tables: columns as wide as their widest cell, numbers to the right. */

export interface Column {
  readonly title: string
  readonly align?: "left" | "right"
  /** Cells longer than this are cut, with an ellipsis. */
  readonly widest?: number
}

/** Lines without a newline at the end. */
export const format = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const cells = [columns.map((column) => column.title), ...rows].map((row) =>
    columns.map((column, index) => cut(row[index] ?? "", column.widest))
  )
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => width(row[index]!))))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, index) => {
        const space = " ".repeat(widths[index]! - width(cell))
        return columns[index]!.align === "right" ? space + cell : cell + space
      })
      .join("  ")
      .trimEnd()
  const rule = widths.map((width) => "-".repeat(width)).join("  ")
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join("\n")
}

/** Characters, not code units: names may have any. */
const width = (text: string): number => Array.from(text).length

const cut = (text: string, widest: number | undefined): string =>
  widest === undefined || width(text) <= widest
    ? text
    : `${Array.from(text)
        .slice(0, widest - 3)
        .join("")}...`
