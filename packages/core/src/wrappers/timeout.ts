import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Lost } from "../ExecutorError.ts"
import { around, type Wrapper } from "./around.ts"

/**
 * Gives a task up after a while and answers `Lost`, `terminated`: it may have half run. What giving up does to work that
 * has started is the strategy's business. The time counts from the hand-off, waiting included.
 */
export const timeout =
  (duration: Duration.Input): Wrapper =>
  (inner) => {
    const detail = `no answer within ${Duration.format(Duration.fromInputUnsafe(duration))}`
    return around(inner, (attempt, task) =>
      Effect.timeoutOrElse(attempt, {
        duration,
        orElse: () => Effect.fail(new Lost({ executor: inner.name, kind: task._tag, how: "terminated", detail }))
      })
    )
  }
