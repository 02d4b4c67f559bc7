/** The errors of tasks and executors, in the few words that findings have for them. */
import type { CallError, ExchangeError, ExecutorError, LookupError } from "@handoff/core"
import type { Problem } from "./Finding.ts"

/** What a task of a shared kind can fail with. */
export type AnyError = LookupError | ExchangeError | CallError | ExecutorError

export const of = (error: AnyError): Problem => {
  switch (error._tag) {
    case "LookupError":
      return lookup[error.reason]
    case "ExchangeError":
      return error.stage === "tls" && error.reason === "Unknown" ? "no-tls" : exchange[error.reason]
    case "Unsupported":
      return "unsupported"
    case "Overloaded":
      return "overloaded"
    case "Lost":
      return "lost"
    case "CallError":
      return "unknown"
  }
}

/** Whether the executor was full: nothing started, and asking again later may help. */
export const isFull = (error: AnyError): boolean => error._tag === "Overloaded" && error.reason === "full"

const lookup: Readonly<Record<LookupError["reason"], Problem>> = {
  NotFound: "not-found",
  // EAI_AGAIN is all that the C library says of these three.
  Timeout: "try-again",
  Temporary: "try-again",
  ServerFailure: "try-again",
  Refused: "refused",
  BadName: "bad-name",
  InvalidResponse: "unknown",
  Unsupported: "unsupported",
  Unknown: "unknown"
}

const exchange: Readonly<Record<ExchangeError["reason"], Problem>> = {
  NotFound: "not-found",
  Refused: "refused",
  Unreachable: "unreachable",
  Reset: "reset",
  Timeout: "timeout",
  TooLong: "too-long",
  Closed: "closed",
  BadRequest: "unknown",
  Resources: "overloaded",
  Unknown: "unknown"
}
