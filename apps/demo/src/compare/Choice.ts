/** The choices that `compare` puts side by side, and the claims of the post of 2005 that they show. */
export interface Choice {
  readonly name: string
  /** The flags of `survey` that mean it. */
  readonly flags: ReadonlyArray<string>
}

const mixed = "--executor=dns,reactor,threads"

export const usual: ReadonlyArray<Choice> = [
  { name: "each at home", flags: [mixed] },
  { name: "threads for all", flags: ["--executor=threads"] },
  { name: "reactor for all", flags: ["--executor=reactor"] },
  { name: "exchanges on threads", flags: [mixed, "--exchange=threads"] },
  { name: "compute inline", flags: [mixed, "--call=reactor"] },
  { name: "names by the C library", flags: [mixed, "--lookup=threads"] }
]

/** `threads`, or `dns,reactor+exchange=threads`: an executor list, then kinds. */
export const parse = (words: string): Choice => {
  const [executor = "", ...kinds] = words.split("+")
  return { name: words, flags: [`--executor=${executor}`, ...kinds.map((kind) => `--${kind}`)] }
}
