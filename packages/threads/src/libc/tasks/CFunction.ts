import { Task } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Kind } from "../BlockingPool.ts"
import { errnoName } from "../EaiError.ts"
import * as limits from "../limits.ts"
import { argumentTypes, type FailsBy, letters, mismatch, resultTypes } from "../Signature.ts"

/** A call of a C function that could not be made, or that failed. */
export class CFunctionError extends Schema.TaggedError<CFunctionError>()("CFunctionError", {
  library: Schema.String,
  symbol: Schema.String,
  reason: Schema.Literals([
    /** The library cannot be loaded; nothing was called. */
    "NoLibrary",
    /** The library has no such symbol; nothing was called. */
    "NoSymbol",
    /** The arguments do not fit the signature, or the platform cannot call it; nothing was called. */
    "BadCall",
    /** It was called and said that it failed; `errno` says why. */
    "Failed",
    /** It did not return in time; it goes on. */
    "Timeout"
  ]),
  /** `ENOENT`; with `Failed`. */
  errno: Schema.optionalKey(Schema.String),
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const errno = this.errno === undefined ? "" : ` (${this.errno})`
    const detail = this.detail === undefined ? "" : `, ${this.detail}`
    return `${this.symbol} of ${this.library}: ${this.reason}${errno}${detail}`
  }
}

const failures: ReadonlyArray<FailsBy> = ["negative", "null", "nonzero", "returned", "errno"]

/** A call of a C function, by library, symbol and signature. Not repeatable: functions have effects. */
export class CFunction extends Task.make("CFunction", {
  payload: {
    /** `libm`, `libm.so.6`, a path, or `""` for what the process has loaded already (the C library itself is). */
    library: Schema.String,
    symbol: Schema.String,
    types: Schema.Array(Schema.Literals(argumentTypes)),
    returns: Schema.Literals(resultTypes),
    fails: Schema.optionalKey(Schema.Literals(failures)),
    args: Schema.Array(Schema.Unknown),
    /** Milliseconds, waiting for a thread included. */
    timeout: Schema.optionalKey(Schema.Number)
  },
  success: Schema.Struct({
    value: Schema.Unknown,
    /** As the function left it; it began as 0. */
    errno: Schema.Int,
    /** The buffers among the arguments as the function left them; null for a null. */
    buffers: Schema.Array(Schema.NullOr(Schema.Uint8Array))
  }),
  failure: CFunctionError
}) {}

/** The error's number if the function says that it failed. */
const failed = ({ fails }: CFunction, value: unknown, errno: number): number | undefined => {
  switch (fails) {
    case "negative":
      return (value as number) < 0 ? errno : undefined
    case "null":
      return value === null || value === 0n || value === 0 ? errno : undefined
    case "nonzero":
      return value !== 0 && value !== 0n ? errno : undefined
    case "returned":
      return value === 0 ? undefined : Number(value)
    case "errno":
      return errno === 0 ? undefined : errno
    default:
      return undefined
  }
}

const refuse = (
  { library, symbol }: CFunction,
  reason: CFunctionError["reason"],
  detail: string
): Exit.Exit<never, CFunctionError> => Exit.fail(new CFunctionError({ library, symbol, reason, detail }))

export const cFunction: Kind<CFunction> = {
  kind: CFunction.kind,
  operation: (task, backend) => {
    if (task.types.length > limits.functionArguments.maximum) {
      return refuse(task, "BadCall", `more than ${limits.functionArguments.maximum} arguments`)
    }
    const wrong = mismatch(task.types, task.args)
    if (wrong !== undefined) return refuse(task, "BadCall", wrong)
    const found = backend.resolve(task.library, task.symbol)
    if (typeof found !== "bigint") return refuse(task, found.reason, found.detail)
    const signature = task.types.map((type) => letters[type]).join("")
    const args = task.args.map((arg, i) => (arg === null && task.types[i] === "pointer" ? 0n : arg))
    return ["call", found, letters[task.returns], signature, args]
  },
  answer: (task, _code, errno, value: readonly [unknown, ...ReadonlyArray<Uint8Array>]) => {
    const reason = failed(task, value[0], errno)
    if (reason !== undefined) {
      const { library, symbol } = task
      const name = errnoName(reason)
      return Exit.fail(
        new CFunctionError({ library, symbol, reason: "Failed", ...(name === undefined ? {} : { errno: name }) })
      )
    }
    let next = 1
    const buffers = task.args
      .filter((_, i) => task.types[i] === "buffer")
      .map((given) => (given === null ? null : value[next++]!))
    return Exit.succeed({ value: value[0], errno, buffers })
  },
  timedOut: ({ library, symbol }, millis) =>
    new CFunctionError({
      library,
      symbol,
      reason: "Timeout",
      detail: `no return within ${millis} ms; the call goes on and keeps its thread`
    }),
  timeout: (task) => task.timeout
}
