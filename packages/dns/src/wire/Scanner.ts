import { TextError } from "./TextError.ts"
import { type TokenError, type Tokens } from "./Tokens.ts"

/**
 * Cuts presentation text into entries (RFC 1035 5.1): a line, or more of them inside parentheses. Comments and the
 * parentheses are gone in what it gives; escapes are left in.
 */
export class Scanner {
  readonly text: string
  /** What errors call the source; undefined for text that came from no file. */
  readonly file: string | undefined
  offset = 0
  /** Whether the entry read last began with a blank, so that its owner is that of the entry before. */
  indented = false

  constructor(text: string, file?: string) {
    this.text = text
    this.file = file
  }

  /** Fills `tokens` with the next entry that is not empty; false at the end. Throws `TextError`. */
  next(tokens: Tokens): boolean {
    const text = this.text
    const end = text.length
    tokens.clear()
    let at = this.offset
    let depth = 0
    let opened = 0
    let lineStart = true
    this.indented = false
    while (at < end) {
      const code = text.charCodeAt(at)
      switch (code) {
        case space:
        case tab:
        case carriageReturn:
        case formFeed:
          if (lineStart && depth === 0) this.indented = true
          lineStart = false
          at++
          continue
        case lineFeed:
          at++
          if (depth > 0) continue
          if (tokens.texts.length > 0) {
            this.offset = at
            return true
          }
          lineStart = true
          this.indented = false
          continue
        case semicolon: {
          const line = text.indexOf("\n", at)
          at = line < 0 ? end : line
          lineStart = false
          continue
        }
        case openParenthesis:
          if (depth++ === 0) opened = at
          lineStart = false
          at++
          continue
        case closeParenthesis:
          if (depth-- === 0) this.fail("closing parenthesis without an opening one", at)
          at++
          continue
        case quote: {
          const close = this.quotedEnd(at)
          tokens.texts.push(text.slice(at + 1, close))
          tokens.quoted.push(true)
          tokens.offsets.push(at)
          at = close + 1
          lineStart = false
          continue
        }
        default: {
          const start = at
          at = this.tokenEnd(at)
          tokens.texts.push(text.slice(start, at))
          tokens.quoted.push(false)
          tokens.offsets.push(start)
          lineStart = false
        }
      }
    }
    if (depth > 0) this.fail("parenthesis that is not closed", opened)
    this.offset = end
    return tokens.texts.length > 0
  }

  private tokenEnd(start: number): number {
    const text = this.text
    const end = text.length
    let at = start
    for (; at < end; at++) {
      const code = text.charCodeAt(at)
      if (code === backslash) {
        if (at + 1 >= end || text.charCodeAt(at + 1) === lineFeed) this.fail("escape without a character", at)
        at++
      } else if (code <= quote || (code >= openParenthesis && code <= closeParenthesis) || code === semicolon) {
        if (code === exclamation) continue
        if (code !== quote) break
        // A quote ends a token and begins the next, except after the `=` of a service parameter.
        if (text.charCodeAt(at - 1) !== equalsSign) break
        at = this.quotedEnd(at)
      }
    }
    if (at === start) this.fail(`control character ${text.charCodeAt(at)}`, at)
    return at
  }

  private quotedEnd(start: number): number {
    const text = this.text
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === quote) return at
      if (code === backslash) at++
      else if (code === lineFeed) break
    }
    return this.fail("quote that is not closed on its line", start)
  }

  fail(detail: string, offset: number): never {
    throw this.error(detail, offset)
  }

  /** An error at an offset of the text: lines are only counted here. */
  error(detail: string, offset: number): TextError {
    let line = 1
    let start = 0
    for (let next = this.text.indexOf("\n"); next >= 0 && next < offset; next = this.text.indexOf("\n", next + 1)) {
      line++
      start = next + 1
    }
    return new TextError({ detail, line, column: offset - start + 1, file: this.file })
  }

  /** An error of the tokens as one of the text; at the end of the entry when they had run out. */
  fromToken(error: TokenError): TextError {
    if (error.offset >= 0) return this.error(error.message, error.offset)
    const text = this.text
    let end = this.offset
    while (end > 0 && text.charCodeAt(end - 1) <= space) end--
    return this.error(error.message, end)
  }
}

const tab = 0x09
const lineFeed = 0x0a
const formFeed = 0x0c
const carriageReturn = 0x0d
const space = 0x20
const exclamation = 0x21
const quote = 0x22
const openParenthesis = 0x28
const closeParenthesis = 0x29
const semicolon = 0x3b
const equalsSign = 0x3d
const backslash = 0x5c
