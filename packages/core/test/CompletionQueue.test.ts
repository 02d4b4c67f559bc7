import { assert, describe, it } from "@effect/vitest"
import { CompletionQueue, Executor, Lost, Outstanding, type Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { call, held, type Tasks } from "./held.ts"

const now = { startImmediately: true } as const

describe("CompletionQueue", () => {
  it.effect("gives completions in finish order, with tag, strategy and times", () =>
    Effect.gen(function* () {
      const { executor, outstanding, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, string>(executor)
      const first = yield* queue.submit(call("f", 1), "first")
      yield* TestClock.adjust("1 second")
      const second = yield* queue.submit(call("f", 2), "second")
      assert.deepStrictEqual([first.number, second.number, first.kind], [1, 2, "Call"])
      yield* TestClock.adjust("1 second")
      waiting()[1]!.answer(Exit.succeed("two"))
      yield* TestClock.adjust("1 second")
      waiting()[0]!.answer(Exit.succeed("one"))
      const completions = [yield* queue.take, yield* queue.take]
      assert.deepStrictEqual(
        completions.map(({ executor, exit, finishedAt, queuedAt, startedAt, tag, ticket }) => [
          ticket.number,
          tag,
          exit,
          executor,
          queuedAt,
          startedAt,
          finishedAt
        ]),
        [
          [2, "second", Exit.succeed("two"), "held", 1000, 1000, 2000],
          [1, "first", Exit.succeed("one"), "held", 0, 0, 3000]
        ]
      )
      assert.strictEqual(outstanding.size, 0)
    })
  )

  it.effect("waits in submit at its capacity, first come first served, until one is taken", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor, { capacity: 2 })
      const fibers = yield* Effect.forEach([0, 1, 2, 3, 4], (i) => Effect.forkChild(queue.submit(call("f", i), i), now))
      assert.deepStrictEqual(seen, ["f 0", "f 1"])
      yield* Fiber.interrupt(fibers[3]!)
      waiting()[0]!.answer(Exit.void)
      yield* Effect.yieldNow
      assert.deepStrictEqual(seen, ["f 0", "f 1"])
      assert.strictEqual((yield* queue.take).tag, 0)
      yield* Effect.yieldNow
      assert.deepStrictEqual(seen, ["f 0", "f 1", "f 2"])
      waiting()[0]!.answer(Exit.void)
      assert.strictEqual((yield* queue.take).tag, 1)
      yield* Effect.yieldNow
      assert.deepStrictEqual(seen, ["f 0", "f 1", "f 2", "f 4"])
    })
  )

  it.effect("shares completions out among consumers, each once", () =>
    Effect.gen(function* () {
      const { executor, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor)
      const takers = yield* Effect.forEach([0, 1, 2], () => Effect.forkChild(queue.take, now))
      for (const i of [0, 1, 2, 3]) yield* queue.submit(call("f", i), i)
      yield* Fiber.interrupt(takers[1]!)
      for (const job of waiting()) job.answer(Exit.void)
      const tags = [(yield* Fiber.join(takers[0]!)).tag, (yield* Fiber.join(takers[2]!)).tag]
      const rest = yield* queue.takeAll
      assert.deepStrictEqual([...tags, ...rest.map(({ tag }) => tag)], [0, 1, 2, 3])
      assert.deepStrictEqual(yield* queue.poll, Option.none())
    })
  )

  it.effect("reports a cancelled ticket once, as an interruption, and gives the task up", () =>
    Effect.gen(function* () {
      const { executor, outstanding, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor)
      const ticket = yield* queue.submit(call("f", 0), 0)
      yield* queue.submit(call("f", 1), 1)
      assert.isTrue(yield* queue.cancel(ticket))
      assert.isFalse(yield* queue.cancel(ticket))
      assert.strictEqual(outstanding.cancelled, 1)
      const { exit } = yield* queue.take
      assert.isTrue(Exit.hasInterrupts(exit))
      assert.strictEqual(yield* queue.cancelAll, 1)
      assert.strictEqual(yield* queue.cancelAll, 0)
      assert.strictEqual((yield* queue.take).tag, 1)
      assert.deepStrictEqual(waiting(), [])
    })
  )

  it.effect("drain takes no more, waits for the rest, and ends the stream when that is taken", () =>
    Effect.gen(function* () {
      const { executor, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor, { capacity: 2 })
      for (const i of [0, 1]) yield* queue.submit(call("f", i), i)
      const late = yield* Effect.forkChild(Effect.flip(queue.submit(call("f", 2), 2)), now)
      const drained = yield* Effect.forkChild(queue.drain, now)
      assert.strictEqual((yield* Fiber.join(late)).reason, "closed")
      const tags = yield* Effect.forkChild(Stream.runCollect(Stream.map(queue.stream, ({ tag }) => tag)), now)
      assert.isUndefined(drained.pollUnsafe())
      for (const job of waiting()) job.answer(Exit.void)
      yield* Fiber.join(drained)
      assert.deepStrictEqual(yield* Fiber.join(tags), [0, 1])
      assert.strictEqual((yield* Effect.flip(queue.take))._tag, "Done")
      assert.strictEqual((yield* Effect.flip(queue.poll))._tag, "Done")
    })
  )

  it.effect("close gives the rest up; what had finished can still be taken, then Done", () =>
    Effect.gen(function* () {
      const { executor, outstanding, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor)
      for (const i of [0, 1, 2]) yield* queue.submit(call("f", i), i)
      waiting()[2]!.answer(Exit.succeed("two"))
      yield* queue.close
      assert.deepStrictEqual([outstanding.size, outstanding.cancelled], [0, 2])
      const all = yield* queue.takeAll
      assert.deepStrictEqual(
        all.map(({ exit, tag }) => [tag, Exit.isSuccess(exit)]),
        [
          [2, true],
          [0, false],
          [1, false]
        ]
      )
      assert.strictEqual((yield* Effect.flip(queue.takeAll))._tag, "Done")
      assert.strictEqual((yield* Effect.flip(queue.submit(call("f", 3), 3)))._tag, "Overloaded")
    })
  )

  it.effect("reports every ticket once when the executor closes half-way", () =>
    Effect.gen(function* () {
      const { executor, outstanding, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor)
      for (const i of [0, 1, 2]) yield* queue.submit(call("f", i), i)
      waiting()[1]!.answer(Exit.succeed("one"))
      outstanding.close()
      yield* queue.submit(call("f", 3), 3)
      yield* queue.drain
      const all = yield* Stream.runCollect(queue.stream)
      assert.deepStrictEqual(
        all.map(({ tag }) => tag),
        [1, 0, 2, 3]
      )
      assert.deepStrictEqual(all.filter(({ exit }) => Exit.isSuccess(exit)).length, 1)
    })
  )

  it.effect("reports a ticket once, though a broken executor answers twice and after a cancel", () =>
    Effect.gen(function* () {
      const answers: Array<() => void> = []
      const broken = Executor.make<Task.Any>({
        name: "broken",
        kinds: () => true,
        submitUnsafe: (_task, onExit) => {
          answers.push(() => onExit(Exit.succeed("again")))
          return Executor.nothingToCancel
        },
        stats: new Outstanding("broken").statsEffect()
      })
      const queue = yield* CompletionQueue.make<Task.Any, number>(broken)
      const first = yield* queue.submit(call("f", 0), 0)
      yield* queue.submit(call("f", 1), 1)
      yield* queue.cancel(first)
      for (let i = 0; i < 2; i++) for (const answer of answers) answer()
      assert.deepStrictEqual(
        (yield* queue.takeAll).map(({ tag }) => tag),
        [0, 1]
      )
      assert.deepStrictEqual(yield* queue.stats, { outstanding: 0, finished: 0, waitingToSubmit: 0, waitingToTake: 0 })
    })
  )

  it.effect("reports a task whose executor throws as a defect", () =>
    Effect.gen(function* () {
      const throwing = Executor.make<Task.Any>({
        name: "throwing",
        kinds: () => true,
        submitUnsafe: () => {
          throw new Error("broken")
        },
        stats: new Outstanding("throwing").statsEffect()
      })
      const queue = yield* CompletionQueue.make<Task.Any, number>(throwing)
      yield* queue.submit(call("f", 0), 0)
      assert.isTrue(Exit.hasDies((yield* queue.take).exit))
    })
  )

  it.effect("in input order holds back what finishes early, and counts it towards its capacity", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const queue = yield* CompletionQueue.make<Tasks, number>(executor, { order: "input", capacity: 3 })
      const feed = yield* Effect.forkChild(
        Effect.forEach([0, 1, 2, 3], (i) => queue.submit(call("f", i), i)),
        now
      )
      waiting()[2]!.answer(Exit.void)
      waiting()[1]!.answer(Exit.void)
      assert.deepStrictEqual(yield* queue.poll, Option.none())
      assert.strictEqual(seen.length, 3)
      waiting()[0]!.answer(Exit.void)
      assert.deepStrictEqual(
        (yield* queue.takeAll).map(({ tag }) => tag),
        [0, 1, 2]
      )
      yield* Fiber.join(feed)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("waits for several executors at once", () =>
    Effect.gen(function* () {
      const one = held("one")
      const two = held("two")
      const queue = yield* CompletionQueue.make<Tasks, number>(one.executor)
      yield* queue.submit(call("f", 0), 0)
      yield* queue.submitTo(two.executor, call("f", 1), 1)
      two.waiting()[0]!.answer(Exit.fail(new Lost({ executor: "two", kind: "Call", how: "exit" })))
      assert.strictEqual((yield* queue.take).executor, "two")
      one.waiting()[0]!.answer(Exit.void)
      assert.strictEqual((yield* queue.take).executor, "one")
    })
  )

  it.effect("closing the scope closes it", () =>
    Effect.gen(function* () {
      const { executor, outstanding } = held()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const queue = yield* CompletionQueue.make<Tasks, number>(executor)
          yield* queue.submit(call("f", 0), 0)
        })
      )
      assert.deepStrictEqual([outstanding.size, outstanding.cancelled], [0, 1])
    })
  )
})
