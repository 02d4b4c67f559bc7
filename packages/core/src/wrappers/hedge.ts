/**
 * Hands a task off a second time when the first takes long, and answers with whichever ends first: the tail of the
 * waiting times is cut at the price of a few tasks run twice. (Dean and Barroso, "The Tail at Scale", 2013.)
 *
 * Only tasks that may run twice are hedged. A task's own failure is an answer like any other; an error of the executor's
 * waits for the other attempt, if there is one.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Cancel } from "../Executor.ts"
import type * as Task from "../Task.ts"
import { executorErrorOf, isRepeatable, passing, type Wrapper } from "./around.ts"

/** When a `hedge` starts another attempt. */
export interface Options {
  /** How long an attempt may take before another one is started: the 95th percentile is a usual choice. */
  readonly delay: Duration.Input
  /** Attempts at once, the first included. Default 2. */
  readonly attempts?: number
  /** Which tasks. Default: those whose class says that they may run twice. */
  readonly only?: (task: Task.Any) => boolean
}

/** Hands a task that is late on once more, and takes the first answer. */
export const hedge =
  (options: Options): Wrapper =>
  (inner) => {
    const { attempts = 2, delay, only = isRepeatable } = options
    let hedged = 0
    return passing(
      inner,
      (passage) => {
        const { context, job } = passage
        job.start()
        const cancels = new Set<Cancel>()
        let timer: Fiber.Fiber<void> | undefined
        let started = false
        const stop = (): void => {
          timer?.interruptUnsafe()
          for (const cancel of cancels) cancel()
        }
        const attempt = (): void => {
          if (!job.isOpen) return
          if (started) hedged++
          started = true
          let isAnswered = false
          let cancel: Cancel | undefined
          cancel = passage.pass((exit: Exit.Exit<any, any>) => {
            isAnswered = true
            if (cancel !== undefined) cancels.delete(cancel)
            if (!job.isOpen || (executorErrorOf(exit) !== undefined && cancels.size > 0)) return
            stop()
            job.answer(exit)
          })
          if (!isAnswered) cancels.add(cancel)
        }
        const more = Effect.gen(function* () {
          for (let i = 1; i < attempts; i++) {
            yield* Effect.sleep(delay)
            attempt()
          }
        })
        job.release = stop
        attempt()
        if (job.isOpen && only(job.task)) timer = Effect.runForkWith(context ?? Context.empty())(more)
      },
      { extra: () => ({ hedged }) }
    )
  }
