/** A generator's items as a `Stream`, pulled: the worker runs ahead only by the window that it was granted. */
import type { CallError, ExecutorError } from "@handoff/core"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type * as Cause from "effect/Cause"

/** A call that streams. */
export interface Source {
  readonly credit: (items: number) => void
  readonly cancel: () => void
}

export type Start = (
  onExit: (exit: Exit.Exit<unknown, CallError | ExecutorError>) => void,
  items: (items: ReadonlyArray<unknown>) => void,
  context: Context.Context<never>
) => Source

/** Starts the call when the stream is run; gives it up when the stream ends early. */
export const make = (start: Start): Stream.Stream<any, CallError | ExecutorError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      // Unbounded in name: the credit is what bounds it.
      const queue = yield* Queue.unbounded<unknown, CallError | ExecutorError | Cause.Done>()
      const source = yield* Effect.acquireRelease(
        Effect.sync(() =>
          start(
            (exit) => {
              if (exit._tag === "Success") Queue.endUnsafe(queue)
              else Queue.failCauseUnsafe(queue, exit.cause)
            },
            (items) => {
              for (const item of items) Queue.offerUnsafe(queue, item)
            },
            context
          )
        ),
        (source) => Effect.sync(() => source.cancel())
      )
      return Stream.fromQueue(queue).pipe(
        Stream.mapArrayEffect((items) =>
          Effect.sync(() => {
            source.credit(items.length)
            return items
          })
        )
      )
    })
  )
