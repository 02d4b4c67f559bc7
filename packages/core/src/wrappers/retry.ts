import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import { isExecutorError } from "../ExecutorError.ts"
import type * as Task from "../Task.ts"
import { around, isRepeatable, type Wrapper } from "./around.ts"

/** When a `retry` hands a task off again. */
export interface Options {
  /** How often and when: any schedule of Effect's, told the error. */
  readonly schedule: Schedule.Schedule<unknown, unknown>
  /** Which errors. Default: `isSafe`. */
  readonly while?: (error: unknown, task: Task.Any) => boolean
}

/**
 * Whether a task may be handed off again after this error: nothing had started and the executor may take it later
 * (`Overloaded`, but not `closed`), or the kind may run twice and the task was lost (but not `closed`).
 */
const isSafe = (error: unknown, task: Task.Any): boolean => {
  if (!isExecutorError(error)) return false
  if (error._tag === "Overloaded") return error.reason !== "closed"
  return error._tag === "Lost" && error.how !== "closed" && isRepeatable(task)
}

/** Hands a task off again, by a schedule. What the last attempt failed with is the answer. */
export const retry =
  (options: Options): Wrapper =>
  (inner) => {
    const { schedule, while: may = isSafe } = options
    return around(inner, (attempt, task) => Effect.retry(attempt, { schedule, while: (error) => may(error, task) }))
  }
