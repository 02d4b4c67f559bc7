import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Law } from "./Law.ts"
import { expect, formatExit, formatValue, succeededWith, witness } from "./Witness.ts"

/** Cancelling, and interrupting `run`. */
export const giving: ReadonlyArray<Law> = [
  {
    name: "a task cancelled before it starts stays silent",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const sent = it.send(subject.samples.never(0))
          sent.cancel()
          yield* it.onceEach([sent])
          yield* it.idle
        })
      )
  },
  {
    name: "a task cancelled while it runs stays silent, and others still run",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const sent = it.send(subject.samples.never(0))
          if (subject.differences.sharesStats !== true) {
            yield* it.eventually("a task handed off runs or is queued", () =>
              Effect.map(it.executor.stats, (stats) => stats.running + stats.queued > 0)
            )
          }
          yield* it.afterwards
          sent.cancel()
          const keepsTheOnlySlot =
            subject.differences.cancelKeepsSlot === true && (subject.differences.concurrency ?? 64) < 2
          if (!keepsTheOnlySlot) {
            const { task, value } = subject.samples.succeed(1)
            const next = it.send(task)
            yield* it.settled([next])
            yield* expect(succeededWith(next.exits[0], value), () => {
              return `expected ${formatValue(value)} after a cancel, got ${formatExit(next.exits[0])}`
            })
          }
          yield* it.onceEach([sent])
          yield* it.idle
        })
      )
  },
  {
    name: "cancelling twice, or after the answer, does nothing",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const answered = it.send(subject.samples.succeed(0).task)
          yield* it.settled([answered])
          const before = yield* it.executor.stats
          // Not through `Sent.cancel`: the task has its answer and keeps it.
          answered.cancel()
          answered.isCancelled = false
          const given = it.send(subject.samples.never(0))
          given.cancel()
          given.cancel()
          yield* it.onceEach([answered, given])
          if (subject.differences.sharesStats === true) return
          yield* it.idle
          const grown = (yield* it.executor.stats).cancelled - before.cancelled
          yield* expect(grown === 1, () => `expected one more cancelled task, got ${grown}`)
        })
      )
  },
  {
    name: "interrupting `run` ends it and gives the task up",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(it.executor.run(subject.samples.never(0)), { startImmediately: true })
          yield* it.afterwards
          yield* expect(fiber.pollUnsafe() === undefined, () => {
            return `the sample \`never\` ended by itself: ${formatExit(fiber.pollUnsafe())}`
          })
          fiber.interruptUnsafe()
          yield* it.eventually("an interrupted `run` ends", () => fiber.pollUnsafe() !== undefined)
          yield* it.idle
          yield* Fiber.await(fiber)
        })
      )
  }
]
