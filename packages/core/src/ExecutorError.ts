/**
 * The three errors that an executor adds to a task's own. Each answers: did anything start, whose fault was it, and is
 * a retry safe?
 *
 * | error | started? | retry |
 * |---|---|---|
 * | `Unsupported` | no | elsewhere only: this executor will never run the kind |
 * | `Overloaded` | no | safe, later or elsewhere (`closed`: elsewhere only) |
 * | `Lost` | perhaps | only if the task may run twice |
 */
import * as Schema from "effect/Schema"

/** The executor does not speak this kind of task; nothing started. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  executor: Schema.String,
  kind: Schema.String,
  /** The executors at hand that do speak it, if the one who answers knows any. */
  supportedBy: Schema.Array(Schema.String),
  /** Why, where it is more than the kind: a transport or record type it lacks. */
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const who =
      this.supportedBy.length > 0
        ? `${this.supportedBy.join(", ")} can: choose one of them for this kind`
        : "no executor at hand can: add a strategy that speaks it"
    return `${this.executor} does not run ${this.kind}${this.detail === undefined ? "" : ` (${this.detail})`}; ${who}`
  }
}

/** The executor is full, resting or closed; nothing started. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {
  executor: Schema.String,
  kind: Schema.String,
  /**
   * `full`: a limit was met, a later retry may succeed. `closed`: it will take no task again. `resting`: it failed too
   * often and takes none for a while (a circuit breaker); `limit` is then the failures that it took.
   */
  reason: Schema.Literals(["full", "closed", "resting"]),
  /** Tasks in the executor at that moment, and the limit that was met; in tasks. */
  outstanding: Schema.Int,
  limit: Schema.Int
}) {
  override get message(): string {
    if (this.reason === "resting") {
      return `${this.executor} failed ${this.limit} times in a row and takes no ${this.kind} for a while; retry later or elsewhere`
    }
    return this.reason === "closed"
      ? `${this.executor} is closed and takes no ${this.kind}`
      : `${this.executor} holds ${this.outstanding} tasks of at most ${this.limit} and takes no ${this.kind} now; retry later or raise the limit`
  }
}

/** The executor lost the task; it may have half run. */
export class Lost extends Schema.TaggedError<Lost>()("Lost", {
  executor: Schema.String,
  kind: Schema.String,
  /**
   * `exit`: the thread or process ended by itself. `crash`: an uncaught error ended it. `memory`: it ran out of memory.
   * `terminated`: we ended it, for a timeout or an interruption of its neighbour. `closed`: the executor closed first.
   * `peer`: the machine or connection that ran it went away.
   */
  how: Schema.Literals(["exit", "crash", "memory", "terminated", "closed", "peer"]),
  exitCode: Schema.optionalKey(Schema.Int),
  detail: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const code = this.exitCode === undefined ? "" : ` with exit code ${this.exitCode}`
    const detail = this.detail === undefined ? "" : `: ${this.detail}`
    return `${this.executor} lost a ${this.kind} (${this.how}${code})${detail}; it may have half run`
  }
}

export type ExecutorError = Unsupported | Overloaded | Lost

/** The codec of the three, for executors that answer from another thread or machine. */
export const ExecutorError = Schema.Union([Unsupported, Overloaded, Lost])

/** Whether an error is one of the interface's three, and not the task's own. */
export const isExecutorError = (u: unknown): u is ExecutorError =>
  u instanceof Unsupported || u instanceof Overloaded || u instanceof Lost
