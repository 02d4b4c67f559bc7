import { assert, describe, it } from "@effect/vitest"
import { type Cluster, Embedded } from "@handoff/cluster"
import { Direct, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Halve, Odd } from "./support/halving.ts"

class Once extends Task.make("Once", { payload: { n: Schema.Int }, success: Schema.Int }) {}
class Hang extends Task.make("Hang", { payload: {} }) {}

const cluster = (options?: Partial<Cluster.Options<Halve | Once | Hang>>) =>
  Effect.gen(function* () {
    const interrupted: Array<string> = []
    const local = yield* Direct.make([
      Direct.handle(Halve, (task) =>
        task.n % 2 === 1 ? Effect.fail(new Odd({ n: task.n })) : Effect.succeed(task.n / 2)
      ),
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
