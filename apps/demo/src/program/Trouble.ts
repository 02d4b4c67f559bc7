import * as Data from "effect/Data"

/** Something that ends a command and that its user can do something about: what happened, and what to do. */
export class Trouble extends Data.TaggedError("Trouble")<{
  readonly what: string
  /** What to do about it. */
  readonly hint?: string
  /** Whether the command line or the configuration is wrong, and nothing was tried: the exit code says so. */
  readonly isMisuse?: boolean
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.hint === undefined ? this.what : `${this.what}\n  ${this.hint}`
  }
}
