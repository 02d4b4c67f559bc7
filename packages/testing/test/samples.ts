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

export const answer = (task: Call<any>): Exit.Exit<any, CallError> =>
  task.function === "double"
    ? Exit.succeed((task.args[0] as number) * 2)
    : Exit.fail(
        new CallError({ module: task.module, function: task.function, errorName: "Error", errorMessage: "thrown" })
      )

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
            ? answer(task)
            : Effect.andThen(Effect.sleep(1), answer(task))
      )
    ],
    { name }
  )

export const router = Effect.gen(function* () {
  const one = yield* direct("one", "later")
  const two = yield* direct("two", "at once")
  return yield* Router.make([one, two], { preference: ["two", "one"] })
})
