import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Call, type CallError, type ExecutorError, type Lost, Unsupported } from "@handoff/core"
import { Threads } from "@handoff/threads"
import type * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type * as functions from "./modules/functions.ts"
import { withPool } from "./pools.ts"

const url = new URL("./modules/functions.ts", import.meta.url)
const f = Threads.module<typeof functions>(url)

describe("a call", () => {
  it.live("runs on another thread and brings the function's own result", () =>
    withPool(
      {},
      Effect.gen(function* () {
        assert.strictEqual(yield* f.add(2, 3), 5)
        assert.isFalse(yield* f.onMainThread())
        assert.deepStrictEqual(yield* f.echo({ a: [1, "two", null, undefined, true, -0, 2 ** 40] }), {
          a: [1, "two", null, undefined, true, -0, 2 ** 40]
        })
        assert.strictEqual(yield* f.slowly(8, 5), 8)
      })
    )
  )

  it.live("goes through the executor as a task too", () =>
    withPool(
      {},
      Threads.Threads.use((pool) =>
        Effect.gen(function* () {
          const task = new Call<number>({ module: url.href, function: "add", args: [20, 22] })
          assert.strictEqual(yield* pool.run(task), 42)
          const stats = yield* pool.stats
          assert.deepInclude(stats, { running: 0, queued: 0, done: 1, failed: 0, lost: 0, cancelled: 0 })
          const refused = yield* Effect.flip(pool.run({ _tag: "Paint" } as never))
          assert.instanceOf(refused, Unsupported)
        })
      )
    )
  )

  it.live("that throws fails with the error's name, message, stack, cause and fields", () =>
    withPool(
      {},
      Effect.gen(function* () {
        for (const effect of [f.overheat(99), f.rejects()]) {
          const error = (yield* Effect.flip(effect)) as CallError
          assert.strictEqual(error._tag, "CallError")
          assert.strictEqual(error.errorName, "TooHot")
          assert.strictEqual(error.errorMessage, "99 degrees")
          assert.include(error.errorStack, "functions.ts")
          assert.deepStrictEqual(error.fields, { degrees: 99 })
          assert.deepInclude(error.cause as object, { name: "TypeError", message: "no fan" })
        }
        const text = (yield* Effect.flip(f.throwText())) as CallError
        assert.strictEqual(text.errorName, "string")
        assert.strictEqual(text.fields, "just text")
      })
    )
  )

  it.live("whose worker exits is Lost with its exit code, and the next call runs on a new worker", () =>
    withPool(
      { maxThreads: 1 },
      Effect.gen(function* () {
        const lost = (yield* Effect.flip(f.exit(7))) as Lost
        assert.deepInclude(lost, { _tag: "Lost", executor: "threads", kind: "Call", how: "exit", exitCode: 7 })
        assert.strictEqual(yield* f.add(1, 1), 2)
      })
    )
  )

  it.live("is dropped when interrupted in the queue, and abandoned or terminated when it runs", () =>
    withPool(
      { maxThreads: 1 },
      Effect.gen(function* () {
        const pool = yield* Threads.Threads
        const running = yield* Effect.forkChild(f.loopForEver.with({ onInterrupt: "terminate" })(), {
          startImmediately: true
        })
        const queued = yield* Effect.forkChild(f.note("never"), { startImmediately: true })
        yield* Effect.sleep(100)
        yield* Fiber.interrupt(queued)
        yield* Fiber.interrupt(running)
        assert.deepStrictEqual(yield* f.noted(), [])
        assert.deepInclude(yield* pool.stats, { running: 0, queued: 0, cancelled: 2 })
      })
    )
  )
})

describe("a generator function", () => {
  it.live("streams its items, or gathers them", () =>
    withPool(
      {},
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* f.countTo(4), [1, 2, 3, 4])
        const sum = yield* Stream.runFold(
          f.countTo.stream(10_000),
          () => 0,
          (sum, one) => sum + one
        )
        assert.strictEqual(sum, 50_005_000)
        assert.deepStrictEqual(yield* Stream.runCollect(f.countSlowly.stream(5)), [1, 2, 3, 4, 5])
        const error = (yield* Effect.flip(Stream.runCollect(f.breaksAt.stream(5)))) as CallError
        assert.strictEqual(error.errorName, "RangeError")
      })
    )
  )

  it.live("runs no further ahead than the window of its stream", () =>
    withPool(
      { maxThreads: 1, callsPerThread: 2 },
      Effect.gen(function* () {
        const first = yield* Stream.runCollect(Stream.take(f.counting.stream(1_000_000), 10))
        assert.strictEqual(first.length, 10)
        assert.isBelow(yield* f.producedSoFar(), 1000)
      })
    )
  )
})

describe("a module", () => {
  it("has the types of its functions", () => {
    type Failure = CallError | ExecutorError
    expectTypeOf(f.add).parameters.toEqualTypeOf<[a: number, b: number]>()
    expectTypeOf(f.add(1, 2)).toEqualTypeOf<Effect.Effect<number, Failure, Threads.Threads>>()
    expectTypeOf(f.slowly(1, 2)).toEqualTypeOf<Effect.Effect<number, Failure, Threads.Threads>>()
    expectTypeOf(f.countTo(3)).toEqualTypeOf<Effect.Effect<ReadonlyArray<number>, Failure, Threads.Threads>>()
    expectTypeOf(f.countSlowly.stream(3)).toEqualTypeOf<Stream.Stream<number, Failure, Threads.Threads>>()
    const bounded = f.add.with({ timeout: "1 second" })
    expectTypeOf(bounded(1, 2)).toEqualTypeOf<Effect.Effect<number, Failure | Cause.TimeoutError, Threads.Threads>>()
    // @ts-expect-error a string is no number
    f.add("1", 2)
    // @ts-expect-error a class is not a function to call
    assert.isDefined(f.local.with)
  })
})

describe("a pool", () => {
  it.live("lets no call wait behind a long one while another thread is free", () =>
    withPool(
      { minThreads: 2 },
      Effect.gen(function* () {
        yield* Effect.all([f.spin(20), f.spin(20)], { concurrency: "unbounded" })
        const long = yield* Effect.forkChild(f.spin(2_000), { startImmediately: true })
        const sums = yield* Effect.forEach(
          Array.from({ length: 500 }, (_, i) => i),
          (i) => f.add(i, 1),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(sums[499], 500)
        assert.isUndefined(long.pollUnsafe(), "every short call is done while the long one runs")
        yield* Fiber.interrupt(long)
      })
    )
  )

  it.live("lets none wait either once its main loop sleeps while calls are out", () =>
    withPool(
      { minThreads: 2 },
      Effect.gen(function* () {
        // Completions that come too late for looking on: after a few of them it is given up.
        for (let i = 0; i < 10; i++) yield* f.spin(2)
        const long = yield* Effect.forkChild(f.spin(2_000), { startImmediately: true })
        for (let i = 0; i < 20; i++) assert.strictEqual(yield* f.add(i, 1), i + 1)
        const octets = new Uint8Array(10_000)
        assert.strictEqual((yield* f.echoOctets(octets)).length, octets.length)
        assert.isUndefined(long.pollUnsafe(), "every short call is done while the long one runs")
        yield* Fiber.interrupt(long)
      })
    )
  )

  it.live("that is idle does nothing at all: once it woke itself every five milliseconds", () =>
    withPool(
      { minThreads: 2 },
      Effect.gen(function* () {
        yield* Effect.all([f.spin(20), f.spin(20)], { concurrency: "unbounded" })
        yield* f.add(1, 2)
        yield* Effect.sleep(500)
        const before = process.resourceUsage().voluntaryContextSwitches
        yield* Effect.sleep(1_000)
        // Two hundred, when it did.
        assert.isBelow(process.resourceUsage().voluntaryContextSwitches - before, 100)
      })
    )
  )

  it.live("reads its configuration", () =>
    Effect.gen(function* () {
      const pool = yield* Threads.Threads
      assert.strictEqual(pool.name, "workers")
      yield* Effect.all([f.spin(5), f.spin(5), f.spin(5)], { concurrency: "unbounded" })
      assert.strictEqual((yield* pool.stats).extra["threads"], 1)
    }).pipe(
      Effect.provide(
        Threads.layerConfig({
          name: Config.succeed("workers"),
          minThreads: Config.succeed(1),
          maxThreads: Config.Int("MAX_THREADS")
        })
      ),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { MAX_THREADS: "1" } })))
    )
  )
})
