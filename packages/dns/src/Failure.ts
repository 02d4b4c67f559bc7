/** Why a question has no answer: a plain value without a stack trace, because bulk work has many of them. */
import { LookupError } from "@handoff/core"
import type { Problem } from "./Reply.ts"

/** As in `LookupError`. */
export type Reason = LookupError["reason"]

export class Failure {
  readonly reason: Reason
  /** `SERVFAIL`, `REFUSED`, `ETIMEOUT`, `LOOP`, ... */
  readonly code: string
  readonly detail: string | undefined

  constructor(reason: Reason, code: string, detail?: string) {
    this.reason = reason
    this.code = code
    this.detail = detail
  }
}

/** What to tell the caller about what the last server said; undefined when none said anything. */
export const ofProblem = (problem: Problem | undefined, detail: string): Failure => {
  if (problem === undefined) return new Failure("Timeout", "ETIMEOUT", detail)
  const said = problem.detail === undefined ? detail : `${problem.detail}; ${detail}`
  switch (problem.kind) {
    case "failure":
      return new Failure("ServerFailure", problem.code, said)
    case "refused":
      return new Failure("Refused", problem.code, said)
    case "lame":
      return new Failure("ServerFailure", problem.code, said)
    default:
      return new Failure("InvalidResponse", problem.code, said)
  }
}

/** The error of the task kinds. Made without a stack trace: where it was made says nothing, and it is nine tenths of the cost. */
export const toLookupError = (failure: Failure, name: string): LookupError => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const error = new LookupError(
    failure.detail === undefined
      ? { name, reason: failure.reason, code: failure.code }
      : { name, reason: failure.reason, code: failure.code, detail: failure.detail }
  )
  Error.stackTraceLimit = limit
  return error
}
