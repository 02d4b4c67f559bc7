import { assert, describe, it } from "@effect/vitest"
import { Call, Direct, Executor, Outstanding, runAll, type Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { call, held } from "./held.ts"

const now = { startImmediately: true } as const

const tags = <E>(stream: Stream.Stream<{ readonly tag: number }, E>) =>
  Stream.runCollect(Stream.map(stream, ({ tag }) => tag))

/** An executor that answers a turn of the loop later, and notes how many it had at once. */
const later = () => {
  const outstanding = new Outstanding("later")
  const most = { outstanding: 0 }
  const executor = Executor.make<Task.Any>({
    name: "later",
    kinds: () => true,
    submitUnsafe: (task, onExit) => {
      const job = outstanding.admit(task, onExit)!
      most.outstanding = Math.max(most.outstanding, outstanding.size)
      setImmediate(() => job.answer(Exit.succeed((task as Call<any>).args[0])))
      return job.cancel
    },
    stats: outstanding.statsEffect()
  })
  return { executor, most, outstanding }
}

describe("runAll", () => {
  it.effect("gives completions as they finish, or as they came", () =>
    Effect.gen(function* () {
      for (const order of ["finish", "input"] as const) {
        const { executor, waiting } = held()
        const stream = runAll(executor, Stream.make(call("f", 0), call("f", 1), call("f", 2)), { order })
        const fiber = yield* Effect.forkChild(tags(stream), now)
        while (waiting().length < 3) yield* Effect.yieldNow
        for (const job of waiting().toReversed()) job.answer(Exit.void)
        assert.deepStrictEqual(yield* Fiber.join(fiber), order === "finish" ? [2, 1, 0] : [0, 1, 2])
      }
    })
  )

  it.live("keeps to its concurrency", () =>
    Effect.gen(function* () {
      const { executor, most } = later()
      const tasks = Stream.map(Stream.range(1, 200), (i) => call("f", i))
      assert.strictEqual((yield* tags(runAll(executor, tasks, { concurrency: 7 }))).length, 200)
      assert.strictEqual(most.outstanding, 7)
    })
  )

  it.effect("keeps each key to its own concurrency, and other keys overtake", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const tasks = Stream.make(call("a", 0), call("a", 1), call("b", 0), call("a", 2), call("c", 0))
      const stream = runAll(executor, tasks, {
        concurrency: 8,
        perKey: { key: (task) => task.function, concurrency: 1 }
      })
      const fiber = yield* Effect.forkChild(tags(stream), now)
      while (waiting().length < 3) yield* Effect.yieldNow
      assert.deepStrictEqual(seen, ["a 0", "b 0", "c 0"])
      while (waiting().length > 0) {
        waiting()[0]!.answer(Exit.void)
        yield* Effect.yieldNow
      }
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).toSorted((a, b) => a - b),
        [0, 1, 2, 3, 4]
      )
    })
  )

  it.effect("goes on at failures, or stops at the first and gives the rest up", () =>
    Effect.gen(function* () {
      const run = Effect.fnUntraced(function* (failures: "goOn" | "stop") {
        const { executor, outstanding, waiting } = held()
        const tasks = Stream.make(call("f", 0), call("f", 1), call("f", 2))
        const stream: Stream.Stream<{ readonly tag: number }, unknown> =
          failures === "stop" ? runAll(executor, tasks, { failures }) : runAll(executor, tasks, { failures })
        const fiber = yield* Effect.forkChild(Effect.exit(tags(stream)), now)
        while (waiting().length < 3) yield* Effect.yieldNow
        waiting()[1]!.answer(Exit.fail("no"))
        if (failures === "goOn") for (const job of waiting()) job.answer(Exit.void)
        return { exit: yield* Fiber.join(fiber), outstanding }
      })
      const on = yield* run("goOn")
      assert.deepStrictEqual(on.exit, Exit.succeed([1, 0, 2]))
      const stopped = yield* run("stop")
      assert.deepStrictEqual(stopped.exit, Exit.fail("no"))
      assert.deepStrictEqual([stopped.outstanding.size, stopped.outstanding.cancelled], [0, 2])
    })
  )

  it.effect("ends with the input's failure after what came before it", () =>
    Effect.gen(function* () {
      const executor = yield* Direct.make([Direct.handle(Call, (task) => Effect.succeed(task.args[0]))])
      const tasks = Stream.concat(Stream.make(call("f", 0), call("f", 1)), Stream.fail("broken input" as const))
      const seen: Array<number> = []
      const exit = yield* Effect.exit(
        Stream.runForEach(runAll(executor, tasks), ({ tag }) => Effect.sync(() => seen.push(tag)))
      )
      assert.deepStrictEqual(seen, [0, 1])
      assert.deepStrictEqual(exit, Exit.fail("broken input"))
    })
  )

  it.effect("gives up what is in flight when its consumer has enough", () =>
    Effect.gen(function* () {
      const { executor, outstanding, waiting } = held()
      const tasks = Stream.map(Stream.range(0, 1_000_000), (i) => call("f", i))
      const fiber = yield* Effect.forkChild(tags(Stream.take(runAll(executor, tasks, { concurrency: 4 }), 1)), now)
      while (waiting().length < 4) yield* Effect.yieldNow
      waiting()[0]!.answer(Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(fiber), [0])
      assert.strictEqual(outstanding.size, 0)
    })
  )

  it.live(
    "does a million tasks in flat memory",
    () =>
      Effect.gen(function* () {
        const { executor, most, outstanding } = later()
        const shared = call("f", 1)
        const tasks = Stream.map(Stream.range(1, 1_000_000), () => shared)
        // Collected for each sample: what the collector has not come to yet is not what is kept.
        setFlagsFromString("--expose-gc")
        const collect = runInNewContext("gc") as () => void
        const heap = () => {
          collect()
          return process.memoryUsage().heapUsed / 1_048_576
        }
        let count = 0
        const sampled: Array<number> = []
        yield* Stream.runForEach(runAll(executor, tasks, { concurrency: 1000 }), () =>
          Effect.sync(() => {
            count++
            if (count % 100_000 === 0) sampled.push(heap())
          })
        )
        assert.strictEqual(count, 1_000_000)
        assert.isAtMost(most.outstanding, 1000)
        assert.strictEqual(outstanding.size, 0)
        // A task that were kept would hold some 300 octets: 200 MiB between the third and the last sample.
        const growth = sampled.at(-1)! - sampled[2]!
        assert.isBelow(growth, 20, `heap in MiB every 100,000 tasks: ${sampled.map(Math.round).join(", ")}`)
      }),
    120_000
  )
})
