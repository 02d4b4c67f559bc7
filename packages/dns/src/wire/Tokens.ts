import * as Name from "./Name.ts"
import { TextError } from "./TextError.ts"

/**
 * The tokens of one entry of presentation text (RFC 1035 5.1), with escapes still in them, and a place in them.
 *
 * Parentheses, comments and line ends are gone by now; `quoted` says which tokens were in quotes.
 */
export class Tokens {
  readonly texts: Array<string> = []
  readonly quoted: Array<boolean> = []
  /** Offset of each token in the source text, for errors. */
  readonly offsets: Array<number> = []
  index = 0
  // Zones repeat names: owners on end, hosts of NS and MX all over.
  private readonly known = new Map<string, Name.Name>()
  private knownOrigin: Name.Name = Name.root
  /** Completes relative names. */
  origin: Name.Name = Name.root

  clear(): void {
    this.texts.length = 0
    this.quoted.length = 0
    this.offsets.length = 0
    this.index = 0
  }

  get left(): number {
    return this.texts.length - this.index
  }

  peek(): string | undefined {
    return this.texts[this.index]
  }

  next(what: string): string {
    const text = this.texts[this.index]
    if (text === undefined) return this.fail(`${what} missing`)
    this.index++
    return text
  }

  /** All tokens that are left, joined: hex and base64 may be cut by spaces. */
  rest(): string {
    const at = this.index
    this.index = this.texts.length
    return at === this.texts.length - 1 ? this.texts[at]! : this.texts.slice(at).join("")
  }

  /** A decimal integer from 0 to `max`. */
  integer(what: string, max: number): number {
    const text = this.next(what)
    if (!/^[0-9]{1,15}$/.test(text)) return this.failBefore(`${what} is not a number: ${text}`)
    const value = Number(text)
    return value <= max ? value : this.failBefore(`${what} over ${max}: ${text}`)
  }

  name(what: string): Name.Name {
    const text = this.next(what)
    if (this.quoted[this.index - 1]) return this.failBefore(`${what} in quotes`)
    if (this.origin !== this.knownOrigin || this.known.size >= knownNames) {
      this.known.clear()
      this.knownOrigin = this.origin
    }
    const known = this.known.get(text)
    if (known !== undefined) return known
    try {
      const name = Name.fromText(text, this.origin)
      this.known.set(text, name)
      return name
    } catch (error) {
      return this.failBefore(error instanceof TextError ? error.detail : String(error))
    }
  }

  /** Fails at the token that comes next. */
  fail(detail: string): never {
    throw new TokenError(detail, this.offsets[this.index] ?? -1)
  }

  /** Fails at the token that was taken last. */
  failBefore(detail: string): never {
    throw new TokenError(detail, this.offsets[this.index - 1] ?? -1)
  }
}

/** Names remembered at a time: some 100 KB at most. */
const knownNames = 1_024

/** Thrown by `Tokens`; whoever knows the lines makes a `TextError` of it. `offset` is -1 for the end of the entry. */
export class TokenError extends Error {
  readonly offset: number

  constructor(detail: string, offset: number) {
    super(detail)
    this.offset = offset
  }
}
