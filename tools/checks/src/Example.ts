/** Code blocks of documents, as programs that can be type-checked and run. */
import path from "node:path"

export interface Example {
  /** The document, relative to the root. */
  readonly document: string
  /** Line of the opening fence. */
  readonly line: number
  readonly code: string
  readonly kind: "program" | "fragment"
}

/**
 * The `ts` blocks of a Markdown text. A block that stands alone is a program and must run; ` ```ts fragment ` marks
 * one that only illustrates.
 */
export const extract = (document: string, markdown: string): ReadonlyArray<Example> => {
  const out: Array<Example> = []
  const lines = markdown.split("\n")
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```ts(?: (fragment))?\s*$/.exec(lines[i]!)
    if (fence === null) continue
    const end = lines.indexOf("```", i + 1)
    out.push({
      document,
      line: i + 1,
      code: lines.slice(i + 1, end).join("\n"),
      kind: fence[1] === "fragment" ? "fragment" : "program"
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

export const fileName = (example: Example): string =>
  `${example.document.replaceAll(/[^\w]+/g, "-").replace(/-md$/, "")}-L${example.line}.ts`
