/**
 * Presentation text that is not what it should be: a name, a record or a zone file.
 *
 * `line` and `column` count from 1 and point at the token at fault, in `file` when the text came from an `$INCLUDE`.
 */
export class TextError extends Error {
  readonly _tag = "TextError"
  override readonly name = "TextError"
  readonly detail: string
  readonly line: number
  readonly column: number
  readonly file: string | undefined

  constructor(options: {
    readonly detail: string
    readonly line?: number
    readonly column?: number
    readonly file?: string | undefined
  }) {
    const { detail, line = 1, column = 1, file } = options
    super(`${file === undefined ? "" : `${file}:`}${line}:${column}: ${detail}`)
    this.detail = detail
    this.line = line
    this.column = column
    this.file = file
  }
}

export const fail = (detail: string): never => {
  throw new TextError({ detail })
}
