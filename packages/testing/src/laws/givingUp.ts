import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Law } from "./Law.ts"
import { expect, formatExit, formatValue, type Sent, succeededWith, witness } from "./Witness.ts"

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
    name: "giving up one of two equal tasks leaves the other",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          if ((subject.differences.limit ?? 2) < 2) return
          const { task, value } = subject.samples.succeed(0)
          const given = it.send(task)
          const other = it.send(task)
          if (given.exits.length === 0) given.cancel()
          yield* it.settled([other])
          yield* expect(succeededWith(other.exits[0], value), () => {
            return `expected ${formatValue(value)}, got ${formatExit(other.exits[0])}`
          })
          yield* it.onceEach([given, other])
        })
      )
  },
  {
    name: "an answer may give up other tasks, which then stay silent",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const sents: Array<Sent> = []
          // Many are answered in one turn of the loop; the first of them takes the others' answers away.
          const giveUpTheOthers = (): void => {
            for (const sent of sents) if (sent.exits.length === 0) sent.cancel()
          }
          const count = Math.min(32, subject.tasks, subject.differences.limit ?? 32)
          for (let i = 0; i < count; i++) sents.push(it.send(subject.samples.succeed(i).task, giveUpTheOthers))
          yield* it.settled(sents)
          yield* it.onceEach(sents)
          yield* it.idle
        })
      )
  },
  {
    name: "interrupting `run` ends it and gives the task up, each of several",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const count = Math.min(4, subject.differences.limit ?? 4)
          const fibers = yield* Effect.forEach(
            Array.from({ length: count }, (_, i) => i),
            (i) => Effect.forkChild(it.executor.run(subject.samples.never(i)), { startImmediately: true })
          )
          yield* it.afterwards
          const early = fibers.find((fiber) => fiber.pollUnsafe() !== undefined)
          yield* expect(early === undefined, () => {
            return `the sample \`never\` ended by itself: ${formatExit(early?.pollUnsafe())}`
          })
          for (const fiber of fibers) fiber.interruptUnsafe()
          yield* it.eventually("an interrupted `run` ends", () => {
            return fibers.every((fiber) => fiber.pollUnsafe() !== undefined)
          })
          yield* it.idle
          const exits = yield* Effect.forEach(fibers, (fiber) => Fiber.await(fiber))
          const wrong = exits.find((exit) => !Exit.hasInterrupts(exit))
          yield* expect(wrong === undefined, () => `expected an interruption, got ${formatExit(wrong)}`)
        })
      )
  }
]
