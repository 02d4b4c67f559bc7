import { CompletionQueue, runAll } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, formatValue, succeededWith, witness } from "./Witness.ts"

/** What is built on executors, over this one. */
export const queue: ReadonlyArray<Law> = [
  {
    name: "a completion queue reports every ticket once, in finish order, and who ran it",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const count = Math.min(50, subject.tasks, subject.differences.limit ?? 50)
          const queue = yield* CompletionQueue.make<any, number>(it.executor, { capacity: count })
          for (let i = 0; i < count; i++) yield* Effect.orDie(queue.submit(subject.samples.succeed(i).task, i))
          yield* Effect.forkChild(queue.drain, { startImmediately: true })
          const all = yield* Stream.runCollect(queue.stream)
          const seen = new Set(all.map(({ tag }) => tag))
          yield* expect(all.length === count && seen.size === count, () => {
            return `${count} tickets, ${all.length} completions of ${seen.size} of them`
          })
          const early = all.findIndex(({ finishedAt }, i) => i > 0 && finishedAt < all[i - 1]!.finishedAt)
          yield* expect(early < 0, () => `completion ${early} finished before the one ahead of it`)
          yield* expect(
            all.every(({ executor }) => executor !== ""),
            () => "a completion does not say who ran it"
          )
          yield* it.idle
        })
      )
  },
  {
    name: "a completion queue that closes half-way reports the rest as given up, once",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const queue = yield* CompletionQueue.make<any, number>(it.executor)
          const count = Math.min(8, subject.differences.limit ?? 8)
          for (let i = 0; i < count; i++) yield* Effect.orDie(queue.submit(subject.samples.never(i), i))
          yield* it.afterwards
          yield* queue.close
          const all = yield* Stream.runCollect(queue.stream)
          const tags = new Set(all.map(({ tag }) => tag))
          yield* expect(all.length === count && tags.size === count, () => {
            return `${count} tickets, ${all.length} completions of ${tags.size} of them`
          })
          const wrong = all.find(({ exit }) => !Exit.hasInterrupts(exit))
          yield* expect(wrong === undefined, () => `expected an interruption, got ${formatExit(wrong?.exit)}`)
          if (subject.differences.cancelKeepsSlot !== true) yield* it.idle
        })
      )
  },
  {
    name: "a completion queue whose executor closes half-way still reports every ticket once",
    check: (subject) =>
      Effect.scoped(
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const executor = yield* Scope.provide(Effect.orDie(subject.make), scope)
          const queue = yield* CompletionQueue.make<any, number>(executor)
          const { closesNothing, limit = 8 } = subject.differences
          const count = Math.min(8, limit)
          for (let i = 0; i < count; i++) yield* Effect.orDie(queue.submit(subject.samples.never(i), i))
          yield* Effect.sleep(20)
          yield* Scope.close(scope, Exit.void)
          if (closesNothing === true) yield* queue.cancelAll
          const drained = yield* Effect.forkChild(queue.drain, { startImmediately: true })
          const all = yield* Stream.runCollect(queue.stream)
          yield* Fiber.join(drained)
          const tags = new Set(all.map(({ tag }) => tag))
          yield* expect(all.length === count && tags.size === count, () => {
            return `${count} tickets, ${all.length} completions of ${tags.size} of them`
          })
          if (closesNothing === true) return
          const wrong = all.find(({ exit }) => {
            const error = errorOf(exit)
            return error?._tag !== "Lost" && error?._tag !== subject.differences.queuedAtClose
          })
          yield* expect(wrong === undefined, () => `expected Lost, got ${formatExit(wrong?.exit)}`)
        })
      )
  },
  {
    name: "`runAll` does a stream of tasks in input order, with a few in flight",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { limit = 4 } = subject.differences
          const samples = Array.from({ length: Math.min(50, subject.tasks) }, (_, i) => subject.samples.succeed(i))
          const all = yield* Stream.runCollect(
            runAll(it.executor, Stream.fromIterable(samples.map(({ task }) => task)), {
              concurrency: Math.min(4, limit),
              order: "input"
            })
          )
          yield* expect(all.length === samples.length, () => `${samples.length} tasks, ${all.length} completions`)
          const wrong = all.findIndex(({ exit, tag }, i) => tag !== i || !succeededWith(exit, samples[i]!.value))
          yield* expect(wrong < 0, () => {
            return `completion ${wrong}: expected ${formatValue(samples[wrong]!.value)}, got ${formatExit(all[wrong]!.exit)}`
          })
          yield* it.idle
        })
      )
  }
]
