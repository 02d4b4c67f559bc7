/** Tasks of the shared kinds for the contract of executors that are made of handlers. */
import { Call, CallError, Direct, type Executor, LookupHost, Router } from "@handoff/core"
import type { Contract } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

const call = (name: string, ...args: ReadonlyArray<unknown>) =>
  new Call({ module: "file:///m.js", function: name, args })

export const samples: Contract.Samples<Call<any>> = {
  succeed: (index) => ({ task: call("double", index), value: index * 2 }),
  fail: (index) => ({ task: call("throw", index), failure: "CallError" }),
  never: (index) => call("hang", index),
  unsupported: new LookupHost({ name: "host.test" })
}

/** How often each of the tasks "count" was run, by a number that is given out once. */
const runs = new Map<number, number>()
let given = 0

/** All samples there are, for executors that run tasks as the handlers of `direct` do. */
export const everySample: Contract.Samples<Call<any>> = {
  ...samples,
  die: (index) => call("die", index),
  counted: () => {
    const number = given++
    return { task: call("count", number), runs: () => runs.get(number) ?? 0 }
  },
  traced: (index) => call("trace", index)
}

export const answer = (task: Call<any>): Exit.Exit<any, CallError> =>
  task.function === "double"
    ? Exit.succeed((task.args[0] as number) * 2)
    : Exit.fail(
        new CallError({ module: task.module, function: task.function, errorName: "Error", errorMessage: "thrown" })
      )

/** Counts a run of a task "count". */
export const count = (task: Call<any>): void => {
  const number = task.args[0] as number
  runs.set(number, (runs.get(number) ?? 0) + 1)
}

const special = (task: Call<any>): Effect.Effect<any, CallError> => {
  switch (task.function) {
    case "die":
      return Effect.die(new Error("a defect"))
    case "count":
      return Effect.sync(() => count(task))
    case "trace":
      return Effect.map(Effect.orDie(Effect.currentSpan), ({ traceId }) => traceId)
    default:
      return answer(task)
  }
}

/** Handlers that answer at once, or after a turn of the loop. */
export const direct = (
  name: string,
  when: "at once" | "later"
): Effect.Effect<Executor.Executor<Call<any>>, never, Scope.Scope> =>
  Direct.make(
    [
      Direct.handle(Call, (task) =>
        task.function === "hang"
          ? Effect.never
          : when === "at once"
            ? special(task)
            : Effect.andThen(Effect.sleep(1), special(task))
      )
    ],
    { name }
  )

export const router = Effect.gen(function* () {
  const one = yield* direct("one", "later")
  const two = yield* direct("two", "at once")
  return yield* Router.make([one, two], { preference: ["two", "one"] })
})
