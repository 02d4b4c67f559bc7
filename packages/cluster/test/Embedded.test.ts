import { assert, describe, it } from "@effect/vitest"
import { type Cluster, Embedded } from "@handoff/cluster"
import { Direct, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Waiting } from "#src/Waiting"
import { Halve, halve, Odd } from "./support/halving.ts"

class Once extends Task.make("Once", { payload: { n: Schema.Int }, success: Schema.Int }) {}
class Hang extends Task.make("Hang", { payload: {} }) {}

const cluster = (options?: Partial<Cluster.Options<Halve | Once | Hang>>) =>
  Effect.gen(function* () {
    const interrupted: Array<string> = []
    const local = yield* Direct.make([
      halve,
      Direct.handle(Once, (task) => Effect.succeed(task.n)),
      Direct.handle(Hang, () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted.push("hang"))))
    ])
    const executor = yield* Embedded.make<Halve | Once | Hang>({
      kinds: [Halve, Once, Hang],
      executor: local,
      ...options
    })
    return { executor, interrupted, local }
  })

describe("an embedded cluster", () => {
  it.live("runs tasks on its runner and brings their own outcomes back", () =>
    Effect.gen(function* () {
      const { executor } = yield* cluster()
      assert.strictEqual(yield* executor.run(new Halve({ n: 42 })), 21)
      assert.deepStrictEqual(yield* Effect.flip(executor.run(new Halve({ n: 3 }))), new Odd({ n: 3 }))
      assert.strictEqual(yield* executor.run(new Once({ n: 7 })), 7)
    })
  )

  it.live("packs what is handed off together into few messages", () =>
    Effect.gen(function* () {
      const { executor } = yield* cluster({ partitions: 4 })
      const out = yield* Effect.forEach(
        Array.from({ length: 2000 }, (_, i) => i * 2),
        (n) => executor.run(new Halve({ n })),
        {
          concurrency: "unbounded"
        }
      )
      assert.deepStrictEqual(
        out,
        Array.from({ length: 2000 }, (_, i) => i)
      )
      const stats = yield* executor.stats
      assert.isAbove(stats.extra["tasksPerBatch"]!, 10)
      assert.deepInclude(stats, { running: 0, queued: 0, done: 2000 })
    })
  )

  it.live("interrupts the task on its runner when the caller is interrupted", () =>
    Effect.gen(function* () {
      const { executor, interrupted, local } = yield* cluster()
      const fiber = yield* Effect.forkChild(executor.run(new Hang()))
      yield* Effect.repeat(local.stats, { until: (stats) => stats.running === 1 })
      yield* Fiber.interrupt(fiber)
      yield* Effect.repeat(Effect.yieldNow, { until: () => interrupted.length > 0 })
      assert.deepStrictEqual(interrupted, ["hang"])
    })
  )

  it.live("answers durable tasks", () =>
    Effect.gen(function* () {
      const { executor } = yield* cluster({ durable: ["Halve", "Once"] })
      assert.strictEqual(yield* executor.run(new Halve({ n: 42 })), 21)
      assert.strictEqual(yield* executor.run(new Once({ n: 7 })), 7)
      const all = yield* Effect.forEach([1, 2, 3], (n) => Effect.exit(executor.run(new Halve({ n }))), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(all.map(Exit.isSuccess), [false, true, false])
    })
  )
})

describe("back-pressure", () => {
  it.live(
    "reaches the submitter: a runner gets no more than its share, the rest waits, and beyond that Overloaded",
    () =>
      Effect.gen(function* () {
        const { executor, local } = yield* cluster({ outstanding: 500, partitions: 2, batch: 10, batchesInFlight: 2 })
        const fibers = yield* Effect.forEach(Array.from({ length: 500 }), () =>
          Effect.forkChild(executor.run(new Hang()))
        )
        // Two partitions with two messages of ten each.
        yield* Effect.repeat(local.stats, { until: (stats) => stats.running === 40 })
        const refused = yield* Effect.flip(executor.run(new Hang()))
        assert.deepInclude(refused, { _tag: "Overloaded", reason: "full", outstanding: 500, limit: 500 })
        assert.strictEqual((yield* local.stats).running, 40)
        assert.deepInclude(yield* executor.stats, { running: 40, queued: 460 })
        yield* Fiber.interruptAll(fibers)
        yield* Effect.repeat(local.stats, { until: (stats) => stats.running === 0 })
        assert.deepInclude(yield* executor.stats, { running: 0, queued: 0, cancelled: 500 })
      })
  )
})

class Large extends Task.make("Large", {
  payload: { octets: Schema.Uint8Array },
  success: Schema.Int,
  repeatable: true
}) {}

/** Octets that cannot be collected. */
const heap = Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  return process.memoryUsage().heapUsed
})

describe("what it keeps", () => {
  for (const durable of [[], ["Large"]] as ReadonlyArray<ReadonlyArray<"Large">>) {
    it.live(`does not grow with the ${durable.length === 0 ? "volatile" : "durable"} tasks that were answered`, () =>
      Effect.gen(function* () {
        const local = yield* Direct.make([Direct.handle(Large, ({ octets }) => Effect.succeed(octets.length))])
        const executor = yield* Embedded.make<Large>({ kinds: [Large], executor: local, durable })
        const run = (count: number) =>
          Effect.forEach(
            Array.from({ length: count }),
            () => executor.run(new Large({ octets: new Uint8Array(10_000) })),
            { concurrency: 256 }
          )
        yield* run(256)
        const before = yield* heap
        yield* run(4_096)
        const grown = (yield* heap) - before
        // Kept messages would be 40 MB of payloads, and more as the engine writes them.
        assert.isBelow(grown, 8e6)
      })
    )
  }

  it("does not grow with the tasks that were given up while no runner takes any", () => {
    const waiting = new Waiting<{ isOpen: boolean }>()
    const kept = { isOpen: true }
    waiting.push(kept)
    for (let i = 0; i < 100_000; i++) {
      const job = { isOpen: true }
      waiting.push(job)
      job.isOpen = false
      waiting.release()
    }
    assert.strictEqual(waiting.size, 1)
    assert.isBelow(waiting.held, 2_100)
    assert.deepStrictEqual(waiting.take(10), [kept])
    assert.deepStrictEqual([waiting.size, waiting.held], [0, 0])
  })
})

describe("its stats", () => {
  it.live("tell runners, shards, and what is on its way to each", () =>
    Effect.gen(function* () {
      const { executor } = yield* cluster()
      yield* executor.run(new Halve({ n: 2 }))
      const { extra } = yield* Effect.repeat(executor.stats, { until: ({ extra }) => extra["runners"] === 1 })
      assert.deepInclude(extra, { runners: 1, runnersAway: 0, shards: 300, lanes: 1 })
      const rows = Object.keys(extra).filter((name) => name.startsWith("runner "))
      assert.strictEqual(rows.length, 3)
    })
  )
})
