/** Plain tables: columns as wide as their widest cell, numbers to the right. */

export interface Column {
  readonly title: string
  readonly align?: "left" | "right"
  /** Cells longer than this are cut, with an ellipsis. */
  readonly widest?: number
}

/** A cell of one line, or of several below each other. */
export type Cell = string | ReadonlyArray<string>

/**
 * Lines without a newline at the end. Where the table is to be no wider than `room`, the last column is what gives way:
 * its lines go on below, indented; and where it would be left with too little, all of it stands below its row.
 */
export const format = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  room?: number
): string => {
  const cells = rows.map((row) =>
    columns.map((column, index) => linesOf(row[index] ?? "").map((line) => cut(line, column.widest)))
  )
  const widths = columns.map(({ title }, index) =>
    cells.reduce((most, row) => row[index]!.reduce((most, line) => Math.max(most, width(line)), most), width(title))
  )
  const last = columns.length - 1
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0)
  const isTooWide = room !== undefined && before + widths[last]! > room
  const isBelow = isTooWide && last > 0 && room - before < leastBeside
  const beside = isBelow ? widths.slice(0, last) : widths
  if (isTooWide && !isBelow) widths[last] = Math.max(room - before, columns[last]!.title.length, 1)
  const line = (row: ReadonlyArray<string>) =>
    beside
      .map((widest, index) => {
        const space = " ".repeat(Math.max(0, widest - width(row[index]!)))
        return columns[index]!.align === "right" ? space + row[index]! : row[index]! + space
      })
      .join(gap)
      .trimEnd()
  const lines = (row: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
    const [inRow, below] = isBelow ? [row.slice(0, last), row[last]!] : [row, []]
    const wrapped =
      isTooWide && !isBelow
        ? inRow.with(
            last,
            inRow[last]!.flatMap((line) => wrap(line, widths[last]!))
          )
        : inRow
    return [
      ...Array.from({ length: Math.max(...wrapped.map((cell) => cell.length)) }, (_, at) =>
        line(wrapped.map((cell) => cell[at] ?? ""))
      ),
      ...below
        .filter((line) => line !== "")
        .flatMap((line) => wrap(line, Math.max(room! - deep.length, 1)))
        .map((line) => deep + line)
    ]
  }
  return [
    line(columns.map(({ title }) => title)),
    line(beside.map((width) => "-".repeat(width))),
    ...cells.flatMap(lines)
  ].join("\n")
}

const gap = "  "

/** A last column is beside the others only where it has room for half a sentence. */
const leastBeside = 48

const indent = "  "

/** How far lines that stand below their row are indented. */
const deep = "    "

/** A cell has at least one line. */
const linesOf = (cell: Cell): ReadonlyArray<string> =>
  typeof cell === "string" ? [cell] : cell.length > 0 ? cell : [""]

/** Characters, not code units: names may have any. */
const width = (text: string): number => Array.from(text).length

const cut = (text: string, widest: number | undefined): string =>
  widest === undefined || width(text) <= widest
    ? text
    : `${Array.from(text)
        .slice(0, widest - 3)
        .join("")}...`

/** Lines of at most so many characters, broken at blanks; words that are longer than a line are broken anywhere. */
const wrap = (text: string, room: number): ReadonlyArray<string> => {
  if (width(text) <= room) return [text]
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (width(longer) <= room) {
      line = longer
      continue
    }
    if (line.trim() !== "") lines.push(line)
    const further = room > 2 * indent.length ? indent : ""
    let rest = Array.from(`${lines.length > 0 ? further : ""}${word}`)
    while (rest.length > room) {
      lines.push(rest.slice(0, room).join(""))
      rest = Array.from(further).concat(rest.slice(room))
    }
    line = rest.join("")
  }
  return [...lines, line]
}
