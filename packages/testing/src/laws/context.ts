import * as Effect from "effect/Effect"
import type { Law } from "./Law.ts"
import { expect, formatExit, type Sent, succeededWith, witness } from "./Witness.ts"

/** What comes with a task: the caller's context, and a watch. */
export const context: ReadonlyArray<Law> = [
  {
    name: "a watch is told who runs the task, and of no start after its end",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const late: Array<string> = []
          const watched = (task: Parameters<typeof it.send>[0]) => {
            let sent: Sent | undefined
            const watch = {
              executor: "",
              started: () => {
                if (sent !== undefined && (sent.isCancelled || sent.exits.length > 0)) late.push(task._tag)
              }
            }
            sent = it.send(task, undefined, { watch })
            return { sent, watch }
          }
          const count = Math.min(8, subject.differences.limit ?? 8)
          const all = Array.from({ length: count }, (_, i) => watched(subject.samples.succeed(i).task))
          for (const { sent } of all.slice(count / 2)) if (sent.exits.length === 0) sent.cancel()
          yield* it.settled(all.map(({ sent }) => sent))
          yield* it.onceEach(all.map(({ sent }) => sent))
          const unnamed = all.find(({ sent, watch }) => !sent.isCancelled && watch.executor === "")
          yield* expect(unnamed === undefined, () => "a watch was not told who ran its task")
          yield* expect(late.length === 0, () => `a ${late[0]} was said to start after it had ended or was given up`)
        })
      )
  },
  {
    name: "the caller's trace reaches the task",
    needs: "traced",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { traced } = subject.samples
          if (traced === undefined) return
          const { traceId } = yield* Effect.orDie(Effect.currentSpan)
          const context = yield* Effect.context<never>()
          const sent = it.send(traced(0), undefined, { context })
          yield* it.settled([sent])
          for (const exit of [sent.exits[0], yield* Effect.exit(it.executor.run(traced(1)))]) {
            yield* expect(succeededWith(exit, traceId), () => `expected trace ${traceId}, got ${formatExit(exit)}`)
          }
        }).pipe(Effect.withSpan("a caller"))
      )
  }
]
