/**
 * Rests an executor that fails again and again: after so many bad answers in a row tasks are answered `Overloaded`,
 * `resting`, at once; after a while a single task is let through, and its answer decides.
 *
 * ```text
 * working --(failures in a row)--> resting --(rest is over)--> trying --(good answer)--> working
 *                                     ^                          |
 *                                     +------(bad answer)--------+
 * ```
 *
 * Effect's `CircuitBreaker` is not used: it keeps its state in a store that processes share, needs a scope and a layer,
 * and so cannot be a function from executor to executor.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Overloaded } from "../ExecutorError.ts"
import type * as Task from "../Task.ts"
import { around, executorErrorOf, type Wrapper } from "./around.ts"

/** When a `circuitBreaker` lets its executor rest. */
export interface Options {
  /** Bad answers in a row that make it rest. */
  readonly failures: number
  readonly rest: Duration.Input
  /**
   * Which answers are bad. Default: `Lost`, `Overloaded`, and defects; a task's own failure is an answer, and `closed`
   * is for good.
   */
  readonly isBad?: (exit: Exit.Exit<any, any>, task: Task.Any) => boolean
}

const isBadByDefault = (exit: Exit.Exit<any, any>): boolean => {
  const error = executorErrorOf(exit)
  if (error === undefined) return Exit.hasDies(exit)
  if (error._tag === "Unsupported") return false
  return error._tag === "Lost" ? error.how !== "closed" : error.reason !== "closed"
}

/** Stops handing tasks to an executor that keeps failing, and tries it again after a time. */
export const circuitBreaker =
  (options: Options): Wrapper =>
  (inner) => {
    const { failures, isBad = isBadByDefault } = options
    const rest = Duration.toMillis(options.rest)
    let badInARow = 0
    /** When the rest is over, in milliseconds since 1970; undefined: working. */
    let restsUntil: number | undefined
    let isTrying = false

    return around(inner, (attempt, task) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (restsUntil !== undefined && (isTrying || now < restsUntil)) {
          const limit = failures
          const { name } = inner
          return Effect.fail(
            new Overloaded({ executor: name, kind: task._tag, reason: "resting", outstanding: badInARow, limit })
          )
        }
        const isTrial = restsUntil !== undefined
        isTrying = isTrial
        const judge = (exit: Exit.Exit<any, any>) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            if (isTrial) isTrying = false
            // One who gives up says nothing about the executor; nor do the stragglers of before the rest.
            if (Exit.hasInterrupts(exit) || (restsUntil !== undefined && !isTrial)) return
            if (!isBad(exit, task)) {
              badInARow = 0
              restsUntil = undefined
              return
            }
            badInARow++
            if (badInARow >= failures) restsUntil = now + rest
          })
        return Effect.onExit(attempt, judge)
      })
    )
  }
