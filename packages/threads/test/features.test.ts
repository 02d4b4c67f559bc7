import { assert, describe, it } from "@effect/vitest"
import { Call, type CallError, type Lost, type Overloaded } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type * as functions from "./modules/functions.ts"
import type * as hooks from "./modules/hooks.ts"
import type * as scoped from "./modules/scoped.ts"
import { fork, stat, until, withPool } from "./pools.ts"

const url = new URL("./modules/functions.ts", import.meta.url)
const hooksUrl = new URL("./modules/hooks.ts", import.meta.url)
const scopedUrl = new URL("./modules/scoped.ts", import.meta.url)
const f = Threads.module<typeof functions>(url)
const h = Threads.module<typeof hooks>(hooksUrl)
const s = Threads.module<typeof scoped>(scopedUrl)

describe("hooks", () => {
  it.live("run once per thread, before its first call and after its last", () => {
    const file = join(mkdtempSync(join(tmpdir(), "handoff-")), "stopped")
    return Effect.gen(function* () {
      yield* withPool(
        { maxThreads: 1, hooks: { module: hooksUrl.href }, data: { file } },
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* h.whatIsOpen(), { file })
          assert.deepStrictEqual(yield* h.whatIsOpen(), { file })
          // The pool closes at once: an idle worker stops by itself first.
        })
      )
      assert.strictEqual(readFileSync(file, "utf8"), "stopped after 2")
    })
  })

  it.live("that throw at the start leave no call waiting for ever", () =>
    withPool(
      { maxThreads: 1, hooks: { module: hooksUrl.href, start: "startThrows" } },
      Effect.gen(function* () {
        const lost = (yield* Effect.flip(f.add(1, 2))) as Lost
        assert.strictEqual(lost._tag, "Lost")
        assert.strictEqual(lost.how, "crash")
        assert.include(lost.message, "RangeError: no database")
      })
    )
  )
})

describe("keys", () => {
  it.live("run in order, one at a time", () =>
    withPool(
      { callsPerThread: 8 },
      Effect.gen(function* () {
        const order: Array<number> = []
        const one = f.slowly.with({ key: "a" })
        const delays = [20, 1, 10, 1, 5]
        yield* Effect.forEach(delays, (delay, i) => Effect.map(one(i, delay), (value) => order.push(value)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(order, [0, 1, 2, 3, 4])
      })
    )
  )

  it.live("pin their state to a thread", () =>
    withPool(
      { keys: "pinned", minThreads: 2 },
      Effect.gen(function* () {
        const keys = ["a", "b", "c", "d"]
        for (let turn = 1; turn <= 5; turn++) {
          const counts = yield* Effect.forEach(keys, (key) => h.count.with({ key })(key), { concurrency: "unbounded" })
          assert.deepStrictEqual(counts, [turn, turn, turn, turn])
        }
        const threads = yield* Effect.forEach(keys, (key) => f.whichThread.with({ key })())
        assert.strictEqual(new Set(threads).size, 2)
      })
    )
  )
})

describe("asynchronous calls", () => {
  it.live("run several at once on one thread, as many as it may", () =>
    withPool(
      { maxThreads: 1, callsPerThread: 4 },
      Effect.gen(function* () {
        // Each waits for the others: one at a time they would wait for ever.
        const threads = yield* Effect.all([f.meet(4), f.meet(4), f.meet(4), f.meet(4)], { concurrency: "unbounded" })
        assert.strictEqual(new Set(threads).size, 1)
      })
    )
  )
})

describe("priorities", () => {
  it.live("run earlier than what came before, in their own order", () =>
    withPool(
      { maxThreads: 1 },
      Effect.gen(function* () {
        yield* f.add(1, 1)
        const blocker = yield* fork(f.spin(100))
        const words = ["low", "usual", "other", "high", "highest"]
        const priorities = [-5, 0, 0, 5, 9]
        const fibers = yield* Effect.forEach(words, (word, i) => fork(f.note.with({ priority: priorities[i] })(word)))
        yield* Fiber.join(blocker)
        for (const fiber of fibers) yield* Fiber.join(fiber)
        assert.deepStrictEqual(yield* f.noted(), ["highest", "high", "usual", "other", "low"])
      })
    )
  )
})

describe("a full queue", () => {
  const blocked = (options: Threads.Options, effect: Effect.Effect<void, unknown, Threads.Threads>) =>
    withPool(
      { maxThreads: 1, queueLimit: 1, ...options },
      Effect.gen(function* () {
        yield* f.add(1, 1)
        const blocker = yield* fork(f.spin(100))
        const queued = yield* fork(f.add(1, 2))
        yield* effect
        assert.strictEqual(yield* Fiber.join(queued), 3)
        yield* Fiber.join(blocker)
      })
    )

  it.live("refuses", () =>
    blocked(
      { whenFull: "reject" },
      Effect.gen(function* () {
        const refused = (yield* Effect.flip(f.add(1, 3))) as Overloaded
        assert.deepInclude(refused, { _tag: "Overloaded", reason: "full", outstanding: 2, limit: 2 })
      })
    )
  )

  it.live("runs the call on the caller's thread", () =>
    blocked(
      { whenFull: "caller-runs" },
      Effect.gen(function* () {
        assert.isTrue(yield* f.onMainThread())
        const error = (yield* Effect.flip(f.overheat(3))) as CallError
        assert.strictEqual(error.errorName, "TooHot")
      })
    )
  )

  it.live("suspends the caller until there is room, in order", () =>
    blocked(
      { whenFull: "suspend" },
      Effect.gen(function* () {
        const sums = yield* Effect.all([f.add(1, 3), f.add(1, 4), f.add(1, 5)], { concurrency: "unbounded" })
        assert.deepStrictEqual(sums, [4, 5, 6])
      })
    )
  )
})

describe("a call that is given up", () => {
  it.live("hears of it through its signal, also in a loop that never returns", () =>
    withPool(
      { maxThreads: 1 },
      Effect.gen(function* () {
        assert.strictEqual(yield* s.abortsSeen(), 0)
        const fiber = yield* fork(s.untilAborted())
        yield* Effect.sleep(50)
        yield* Fiber.interrupt(fiber)
        yield* until(Effect.map(stat("abandoned"), (abandoned) => abandoned === 0))
        const loop = yield* fork(s.spinUntilAborted())
        yield* Effect.sleep(50)
        yield* Fiber.interrupt(loop)
        assert.strictEqual(yield* s.abortsSeen(), 1)
        assert.strictEqual(yield* stat("restarts"), 0)
      })
    )
  )

  it.live("by a timeout fails with a typed error, and its thread is replaced", () =>
    withPool(
      { maxThreads: 1 },
      Effect.gen(function* () {
        yield* f.add(1, 1)
        const bounded = f.loopForEver.with({ timeout: "30 millis", onInterrupt: "terminate" })
        const error = yield* Effect.flip(bounded())
        assert.isTrue(Cause.isTimeoutError(error))
        assert.strictEqual(yield* f.add(2, 2), 4)
        assert.strictEqual(yield* stat("restarts"), 1)
      })
    )
  )
})

describe("faults", () => {
  it.live(
    "touch only their own call, and say how",
    () =>
      withPool(
        { resourceLimits: { maxOldGenerationSizeMb: 24 } },
        Effect.gen(function* () {
          const good = yield* fork(
            Effect.forEach(
              Array.from({ length: 200 }, (_, i) => i),
              (i) => f.slowly(i, 1)
            )
          )
          const how = (effect: Effect.Effect<unknown, unknown, Threads.Threads>) =>
            Effect.map(Effect.flip(effect), (error) => (error as Lost).how)
          assert.strictEqual(yield* how(f.exit(3)), "exit")
          assert.strictEqual(yield* how(f.crash()), "crash")
          assert.strictEqual(yield* how(f.exhaust()), "memory")
          const crash = (yield* Effect.flip(f.crash())) as Lost
          assert.include(crash.detail, "uncaught in a worker")
          assert.include(String((crash.cause as Error).stack), "functions.ts")
          const clone = (yield* Effect.flip(f.notClonable())) as CallError
          assert.strictEqual(clone.errorName, "DataCloneError")
          const argument = (yield* Effect.flip(f.echo(() => 1))) as CallError
          assert.strictEqual(argument.errorName, "DataCloneError")
          assert.strictEqual((yield* Fiber.join(good)).length, 200)
        })
      ),
    30_000
  )

  it.live("of a module that does not load are told as such", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const pool = yield* Threads.Threads
        const load = (module: string, name: string) =>
          Effect.map(
            Effect.flip(pool.run(new Call({ module, function: name, args: [] }))),
            (error) => error as CallError
          )
        const broken = yield* load(new URL("./modules/broken.ts", import.meta.url).href, "never")
        assert.strictEqual(broken.errorName, "SyntaxError")
        assert.include(broken.errorMessage, "does not load: this module does not load")
        assert.deepInclude(broken.fields as object, { stage: "load" })
        const absent = yield* load(new URL("./modules/absent.ts", import.meta.url).href, "never")
        assert.deepInclude(absent.fields as object, { code: "ERR_MODULE_NOT_FOUND" })
        const nameless = yield* load(url.href, "nosuch")
        assert.include(nameless.errorMessage, "no function nosuch is exported; there are: ")
      })
    )
  )

  it("of a closure are refused with what to do instead", () => {
    assert.throws(() => Threads.of(() => 1), "Export it from a module")
  })
})

describe("what travels", () => {
  it.live("progress, by the way", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        assert.strictEqual(yield* s.inSteps.with({ onProgress: (value) => seen.push(value) })(3), "done")
        assert.deepStrictEqual(
          seen,
          [1, 2, 3].map((step) => ({ step, of: 3 }))
        )
      })
    )
  )

  const Tenant = Context.Reference<string>("test/Tenant", { defaultValue: () => "nobody" })

  it.live("trace, log annotations and portable references, with the call", () =>
    withPool(
      { portable: [Tenant] },
      Effect.gen(function* () {
        const span = yield* Effect.currentSpan
        const carry = yield* s.carried()
        assert.deepStrictEqual(carry, {
          trace: { traceId: span.traceId, spanId: span.spanId, sampled: span.sampled },
          annotations: { request: 7 },
          refs: { "test/Tenant": "acme" }
        })
      }).pipe(
        Effect.provideService(Tenant, "acme"),
        Effect.annotateLogs({ request: 7 }),
        Effect.withSpan("caller"),
        Effect.orDie
      )
    )
  )

  it.live("buffers, moved both ways, and shared memory, shared", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const octets = new Uint8Array(1_000_000).fill(1)
        assert.strictEqual(yield* s.takeBuffer.with({ transfer: [octets.buffer] })(octets), 1_000_000)
        assert.strictEqual(octets.length, 0)
        const made = yield* s.makeBuffer(1_000_000)
        assert.strictEqual(made[999_999], 7)
        const shared = new Int32Array(new SharedArrayBuffer(16))
        yield* f.setAll(shared, 9)
        assert.deepStrictEqual([...shared], [9, 9, 9, 9])
      })
    )
  )

  it.live("large arguments and results, through whichever thread is free", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const values = Array.from({ length: 40 }, (_, i) => new Uint8Array(100_000).fill(i))
        const back = yield* Effect.forEach(values, (value) => f.echoOctets(value), { concurrency: "unbounded" })
        assert.deepStrictEqual(
          back.map((value) => value[99_999]),
          values.map((_, i) => i)
        )
      })
    )
  )

  it.live("an array in chunks", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const items = Array.from({ length: 10_000 }, (_, i) => i)
        const doubled = yield* f.add.map(items, { chunk: 512 })
        // As `array.map`, it passes the index in the chunk as well.
        assert.deepStrictEqual(doubled.slice(510, 514), [1020, 1022, 512, 514])
        assert.strictEqual(doubled.length, 10_000)
      })
    )
  )
})

describe("the same pool over processes", () => {
  it.live(
    "runs calls, streams nothing less, and survives what takes a process down",
    () =>
      withPool(
        { isolation: "process", resourceLimits: { maxOldGenerationSizeMb: 32 } },
        Effect.gen(function* () {
          assert.strictEqual(yield* f.add(2, 3), 5)
          assert.deepStrictEqual(yield* f.countTo(3), [1, 2, 3])
          const error = (yield* Effect.flip(f.overheat(4))) as CallError
          assert.strictEqual(error.errorName, "TooHot")
          const lost = (effect: Effect.Effect<unknown, unknown, Threads.Threads>) =>
            Effect.map(Effect.flip(effect), (error) => error as Lost)
          assert.deepInclude(yield* lost(f.exit(5)), { _tag: "Lost", how: "exit", exitCode: 5 })
          assert.include((yield* lost(f.crash())).detail, "uncaught in a worker")
          assert.strictEqual((yield* lost(f.exhaustArrays())).how, "memory")
          assert.strictEqual((yield* lost(f.killSelf())).how, "crash")
          const bounded = f.loopForEver.with({ timeout: "100 millis", onInterrupt: "terminate" })
          assert.isTrue(Cause.isTimeoutError(yield* Effect.flip(bounded())))
          assert.strictEqual(yield* f.add(20, 22), 42)
        })
      ),
    60_000
  )
})

describe("stats", () => {
  it.live("tell of every worker what it did", () =>
    withPool(
      { maxThreads: 1 },
      Effect.gen(function* () {
        for (let i = 0; i < 20; i++) yield* f.spin(5)
        const { extra } = yield* (yield* Threads.Threads).stats
        assert.strictEqual(extra["threads"], 1)
        assert.strictEqual(extra["worker 0 done"], 20)
        assert.isAtLeast(extra["run p50"]!, 3)
        assert.isAtLeast(extra["run p99"]!, extra["run p50"]!)
        assert.isAbove(extra["worker 0 utilisation"]!, 0)
        yield* Threads.publishMetrics(yield* Threads.Threads)
        const published = yield* Metric.snapshot
        const done = published.find(({ id }) => id === "handoff_threads_done")
        assert.isDefined(done)
      }).pipe(Effect.scoped)
    )
  )

  it.live("are kept for processes too", () =>
    withPool(
      { maxThreads: 1, isolation: "process" },
      Effect.gen(function* () {
        for (let i = 0; i < 3; i++) yield* f.spin(20)
        const { extra } = yield* (yield* Threads.Threads).stats
        assert.strictEqual(extra["worker 0 done"], 3)
        assert.isAbove(extra["worker 0 heapUsed"]!, 1_000_000)
        assert.isAtLeast(extra["run p50"]!, 15)
        assert.isAbove(extra["worker 0 utilisation"]!, 0)
      })
    )
  )
})
