import * as Schema from "effect/Schema"

/** The C library cannot be called on this machine; it is known at start-up, before any task. */
export class LibcUnavailable extends Schema.TaggedError<LibcUnavailable>()("LibcUnavailable", {
  /** System, processor and C library: `linux-x64-glibc`. */
  target: Schema.String,
  /** What was tried, and why it did not work. */
  reasons: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return (
      `no way to call the C library on ${this.target}: ${this.reasons.join("; ")}. ` +
      "Install a C compiler and run `npm rebuild @handoff/threads`, or look names up with another strategy " +
      "(@handoff/dns, or @handoff/reactor for the loop's own resolver)"
    )
  }
}
