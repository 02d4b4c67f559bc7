/**
 * Task kinds of the app's own: a handler is an Effect, and what it needs comes from where the reactor was made.
 *
 * Handlers share the loop with all sockets. Effect yields between operations, so a handler holds the loop only inside
 * one synchronous step; the stretch from its start to its first wait is measured and, above the threshold, counted
 * against its kind. A handler is made with `Direct.handle` of core.
 */
import type { Direct, Task } from "@handoff/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { LoopWatch } from "./LoopWatch.ts"

export type AnyHandler = Direct.Handler<any, any>

/** Starts a handler's fiber; returns how to interrupt it. */
export const run = (
  handler: AnyHandler,
  task: Task.Any,
  onExit: (exit: Exit.Exit<any, any>) => void,
  own: Context.Context<any>,
  caller: Context.Context<never> | undefined,
  watch: LoopWatch
): (() => void) => {
  const context = caller === undefined ? own : Context.merge(own, caller)
  // Deferred to a turn of its own: handing off must not run the work.
  const interrupt = Effect.runCallbackWith(context)(
    Effect.andThen(
      Effect.yieldNow,
      Effect.suspend(() => measured(watch, handler, task))
    ),
    { onExit }
  )
  return () => interrupt()
}

/** Measures from the handler's start to the first time the loop gets its turn again, or its end. */
const measured = (watch: LoopWatch, handler: AnyHandler, task: Task.Any): Effect.Effect<any, any, any> => {
  const started = performance.now()
  let counted = false
  const count = (): void => {
    if (counted) return
    counted = true
    watch.held(`handler of ${handler.kind}`, performance.now() - started)
  }
  setImmediate(count)
  return Effect.onExit(handler.run(task), () => Effect.sync(count))
}
