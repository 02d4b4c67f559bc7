import * as Data from "effect/Data"

/**
 * What was asked of another name server did not come about.
 *
 * - `Unreachable`: no connection, or it ended early; a retry may help
 * - `Timeout`: the peer was silent for too long
 * - `Refused`: it answered with an error; `rcode` says which
 * - `Malformed`: what came is no message, no answer to what was asked, or no transfer
 * - `Signature`: the answer is not signed as it must be
 * - `TooLarge`: over `limits`
 */
export class TransferError extends Data.TaggedError("TransferError")<{
  readonly reason: "Unreachable" | "Timeout" | "Refused" | "Malformed" | "Signature" | "TooLarge"
  readonly detail: string
  readonly rcode?: number
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.detail
  }
}
