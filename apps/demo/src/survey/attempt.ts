/** A task that always gives something: what it found, or in one word why not. */
import type { Executor, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Tasks } from "../strategies.ts"
import type * as Finding from "./Finding.ts"
import * as limits from "./limits.ts"
import * as Problem from "./Problem.ts"

/** Hands a task off and waits; what goes wrong is one of the finding's words. */
export type Run = <T extends Tasks>(task: T) => Effect.Effect<Attempt<Task.Success<T>>>

type Attempt<A> =
  | { readonly ok: true; readonly value: A }
  /** `heard`: the peer had begun to answer. */
  | { readonly ok: false; readonly problem: Finding.Problem; readonly heard: boolean }

/** Runs a task. A full executor is asked again, a little later each time; what failed for now, as often as is asked for. */
export const attempt = <T extends Tasks>(
  executor: Executor.Executor<Tasks>,
  task: T,
  retries: number,
  times = 0
): Effect.Effect<Attempt<Task.Success<T>>> =>
  // The failures of the shared kinds are those of `AnyError`; the compiler cannot see that of a `T` that is any of them.
  Effect.matchEffect(executor.run(task) as Effect.Effect<Task.Success<T>, Problem.AnyError>, {
    onSuccess: (value) => Effect.succeed({ ok: true, value }),
    onFailure: (error) => {
      if (Problem.isFull(error) && times < limits.overloaded.times) {
        const wait = limits.overloaded.wait * 2 ** times
        return Effect.andThen(Effect.sleep(wait), attempt(executor, task, retries, times + 1))
      }
      const problem = Problem.of(error)
      return retries > 0 && (problem === "try-again" || problem === "timeout")
        ? attempt(executor, task, retries - 1, times)
        : Effect.succeed({ ok: false, problem, heard: error._tag === "ExchangeError" && error.received > 0 })
    }
  })
