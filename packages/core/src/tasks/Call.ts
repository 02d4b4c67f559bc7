import * as Schema from "effect/Schema"
import * as Task from "../Task.ts"

/** The function itself threw: its error's class name, message, stack, cause and own fields, kept across threads. */
export class CallError extends Schema.TaggedError<CallError>()("CallError", {
  module: Schema.String,
  function: Schema.String,
  /** The thrown error's class name (`RangeError`), or the type of what was thrown instead of an error. */
  errorName: Schema.String,
  errorMessage: Schema.String,
  errorStack: Schema.optionalKey(Schema.String),
  /** What was thrown: its own fields that survive the way, errors in them as their descriptions; itself if not an error. */
  fields: Schema.optionalKey(Schema.Unknown),
  cause: Schema.optionalKey(Schema.Unknown)
}) {
  override get message(): string {
    return `${this.function} threw ${this.errorName}: ${this.errorMessage}`
  }
}

const CallTask = Task.make("Call", {
  payload: {
    /** URL of the module, as `import.meta.resolve` or `new URL(..., import.meta.url).href` gives it. */
    module: Schema.String,
    /** Name of the exported function. */
    function: Schema.String,
    args: Schema.Array(Schema.Unknown),
    /** Calls of one key run one after the other, in the order in which they were handed off. */
    key: Schema.optionalKey(Schema.String),
    /** Higher runs earlier; default 0. */
    priority: Schema.optionalKey(Schema.Number),
    /** Buffers and ports of `args` to move instead of copying; the caller's become unusable. */
    transfer: Schema.optionalKey(Schema.Array(Schema.Unknown))
  },
  success: Schema.Unknown,
  failure: CallError
})

/**
 * A function of a module, by reference, with arguments that survive a structured clone. `A` is what the function
 * returns (or what its promise resolves to). Not repeatable: functions have effects.
 */
export class Call<A = unknown> extends CallTask {
  declare readonly "~effect/Request": Task.Task<"Call", A, CallError>["~effect/Request"]
}
