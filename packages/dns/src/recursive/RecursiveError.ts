import * as Data from "effect/Data"

/**
 * There is no answer, though there may be one: a retry later may find it.
 *
 * - `NoServers`: no server of a zone on the way gave an answer that is one; `detail` tells what each said
 * - `Bogus`: an answer came, from all that were asked, that fails validation; `extendedError` says how
 * - `TooMuchWork`: the way is longer than `limits` allow: loops, servers that only lead on
 * - `Timeout`: it took too long
 */
export class RecursiveError extends Data.TaggedError("RecursiveError")<{
  readonly reason: "NoServers" | "Bogus" | "TooMuchWork" | "Timeout"
  readonly name: string
  readonly detail: string
  /** RFC 8914. */
  readonly extendedError: number
}> {
  override get message(): string {
    return `${this.name}: ${this.detail}`
  }
}
