/** Code blocks of documents, as programs that can be type-checked and run. */
import path from "node:path"

export interface Example {
  /** The document, relative to the root. */
  readonly document: string
  /** Line of the opening fence. */
  readonly line: number
  readonly code: string
  readonly kind: Kind
  /** The file that a block "of" or "run by" something names, relative to the root. */
  readonly file?: string
  /** The name under which the words before it tell to save it, which other blocks of the document may import. */
  readonly name?: string
}

/** How a block is run: nothing is shown that is not. */
export type Kind = "program" | "test" | "of" | "run by"

/** "Save it as `hash.ts`:" at the end of what stands before a block. */
export const nameBefore = (text: string): string | undefined => /[Ss]ave it as\s+`([\w./-]+)`:\s*$/.exec(text)?.[1]

/**
 * The `ts` blocks of a Markdown text. A block that stands alone is a program and must run; ` ```ts test ` marks one for
 * Vitest; ` ```ts of FILE ` one that is a piece of a file that tests run; ` ```ts run by FILE ` one that a test of its own
 * runs, because it takes more than a process (a database). Any other mark is an error.
 */
export const extract = (document: string, markdown: string): ReadonlyArray<Example> => {
  const out: Array<Example> = []
  const lines = markdown.split("\n")
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```ts(?:\s+(.*?))?\s*$/.exec(lines[i]!)
    if (fence === null) continue
    const mark = /^(?:(test)|(of|run by) (\S+))?$/.exec(fence[1] ?? "")
    if (mark === null) throw new Error(`${document}, line ${i + 1}: there is no mark "${fence[1]}"`)
    const [, test, relation, file] = mark
    const end = lines.indexOf("```", i + 1)
    const name = nameBefore(lines.slice(Math.max(0, i - 4), i).join("\n"))
    out.push({
      document,
      line: i + 1,
      code: lines.slice(i + 1, end).join("\n"),
      kind: ((test ?? relation) as Kind | undefined) ?? "program",
      ...(file === undefined ? {} : { file }),
      ...(name === undefined ? {} : { name })
    })
    i = end
  }
  return out
}

/** The package folder in which a document's examples run: the one it stands in, else this one, which may import all. */
export const home = (document: string): string => {
  const parts = document.split(path.sep)
  return parts[0] === "packages" || parts[0] === "apps" ? `${parts[0]}/${parts[1]}` : "tools/checks"
}

/** Where a block is written, relative to the folder of its home: a document's blocks stand together. */
export const fileName = ({ document, kind, line, name }: Example): string =>
  path.join(
    document.replaceAll(/[^\w]+/g, "-").replace(/-md$/, ""),
    name ?? `L${line}${kind === "test" ? ".test" : ""}.ts`
  )
