/**
 * Why a name, an address or a record set was not found, in one shape for every strategy. `reason` is that of Effect's
 * own `DnsError`, so that nothing is lost on the way into an Effect `Dns`; `code` keeps the strategy's own word.
 */
import * as Schema from "effect/Schema"

export class LookupError extends Schema.TaggedError<LookupError>()("LookupError", {
  /** The name or address asked for, as the caller wrote it. */
  name: Schema.String,
  reason: Schema.Literals([
    /** The name or the record does not exist: an answer, not a fault. */
    "NotFound",
    "Timeout",
    /** The platform says: try again later. */
    "Temporary",
    "Refused",
    "ServerFailure",
    /** The caller's fault: not a name. */
    "BadName",
    /** The server's fault: what it sent cannot be an answer. */
    "InvalidResponse",
    "Unsupported",
    "Unknown"
  ]),
  /** The source's own code: `EAI_AGAIN`, `NXDOMAIN`, `ENODATA`. */
  code: Schema.String,
  /** More for people: which server, which limit, what to do. */
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `${this.name}: ${this.reason} (${this.code})${this.detail === undefined ? "" : `, ${this.detail}`}`
  }

  /** Whether asking again may help. */
  get isTemporary(): boolean {
    return this.reason === "Timeout" || this.reason === "Temporary" || this.reason === "ServerFailure"
  }
}
