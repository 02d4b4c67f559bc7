/** The life of real threads, from their start to their end; time is virtual, so that nothing happens by its passing. */
import { assert, describe, it } from "@effect/vitest"
import { Call, type CallError, type Lost } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type * as functions from "./modules/functions.ts"
import * as life from "./modules/life.ts"
import { uncaughtIn } from "./uncaught.ts"
import * as pools from "./pools.ts"
import { fork, stat } from "./pools.ts"

const module = new URL("./modules/life.ts", import.meta.url)
const l = Threads.module<typeof life>(module)
const f = Threads.module<typeof functions>(new URL("./modules/functions.ts", import.meta.url))
const hooks = { module: module.href }
const KiB = 1024

const withPool = <A, E>(
  options: Threads.Options,
  effect: Effect.Effect<A, E, Threads.Threads | Scope.Scope>
): Effect.Effect<A, E> => Effect.provide(Effect.scoped(effect), Threads.layer({ maxThreads: 1, ...options }))

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Turns the event loop until something holds; the test's own time limit is what ends it otherwise. */
const until = <E, R>(holds: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> => pools.until(holds, turn)

const inside = (gate: life.Gate, calls: number) => until(Effect.sync(() => Atomics.load(gate, 0) >= calls))

const temporaryFile = () => join(mkdtempSync(join(tmpdir(), "handoff-")), "file")

/** Keeps this thread from its event loop, while its workers go on. */
const holdUp = (milliseconds: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

describe("threads", () => {
  it.effect("are started for calls, up to the maximum, and retire after a while without any", () =>
    withPool(
      { minThreads: 1, maxThreads: 2, idleTimeout: "1 minute" },
      Effect.gen(function* () {
        assert.strictEqual(yield* l.sizeOf(new Uint8Array(1)), 1)
        assert.strictEqual(yield* stat("threads"), 1)
        const gate = life.makeGate()
        const fibers = yield* Effect.forEach([1, 2, 3], () => fork(l.passBlocking(gate)))
        yield* inside(gate, 2)
        assert.strictEqual(yield* stat("threads"), 2)
        life.open(gate)
        for (const fiber of fibers) assert.strictEqual(yield* Fiber.join(fiber), "passed")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* stat("threads"), 2, "both had done something in the first minute")
        yield* TestClock.adjust("1 minute")
        yield* until(Effect.map(stat("threads"), (threads) => threads === 1))
        yield* TestClock.adjust("1 hour")
        yield* turn
        assert.strictEqual(yield* stat("threads"), 1)
        assert.strictEqual(yield* stat("restarts"), 0)
      })
    )
  )

  it.effect("are replaced after so many calls, each of which is answered", () =>
    withPool(
      { recycleAfter: 5 },
      Effect.gen(function* () {
        const threads: Array<number> = []
        for (let i = 0; i < 20; i++) threads.push(yield* l.whichThread())
        assert.strictEqual(new Set(threads).size, 4)
        for (const thread of threads) assert.strictEqual(threads.filter((one) => one === thread).length, 5)
        assert.strictEqual(yield* stat("restarts"), 0)
      })
    )
  )

  it.effect("are not retired while an asynchronous call is under way, though they have room for more", () =>
    withPool(
      { minThreads: 0, callsPerThread: 4, idleTimeout: "1 second", stopTimeout: "1 second" },
      Effect.gen(function* () {
        const gate = life.makeGate()
        const fiber = yield* fork(l.pass(gate))
        yield* inside(gate, 1)
        // Until it is parked.
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
        for (let i = 0; i < 10; i++) yield* Effect.andThen(TestClock.adjust("1 second"), turn)
        life.open(gate)
        assert.strictEqual(yield* Fiber.join(fiber), "passed")
      })
    )
  )

  it.effect("end at once when the pool closes with an asynchronous call under way", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const pool = yield* Scope.provide(Threads.make({ maxThreads: 1, callsPerThread: 4, hooks }), scope)
      const gate = life.makeGate()
      const fiber = yield* fork(pool.module<typeof life>(module).pass(gate))
      yield* inside(gate, 1)
      // Time stands still: waiting for the time of its stop hook would never end.
      yield* Scope.close(scope, Exit.void)
      const lost = (yield* Effect.flip(Fiber.join(fiber))) as Lost
      assert.deepInclude(lost, { _tag: "Lost", how: "closed" })
    })
  )

  it.effect("call their stop hook when the pool closes, whatever they were about to do", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 10; i++) {
        const file = temporaryFile()
        yield* withPool({ hooks, data: { file } }, l.sizeOf(new Uint8Array(i)))
        assert.strictEqual(readFileSync(file, "utf8"), "stopped\n")
      }
    })
  )

  it.effect("stop after a large call that they had claimed when they were told to", () => {
    const file = temporaryFile()
    return Effect.gen(function* () {
      const sizes = yield* withPool(
        { recycleAfter: 1, hooks, data: { file } },
        Effect.forEach(
          Array.from({ length: 12 }, (_, i) => i * KiB + 10 * KiB),
          (size) => l.sizeOf(new Uint8Array(size)),
          { concurrency: "unbounded" }
        )
      )
      assert.deepStrictEqual(
        sizes,
        sizes.map((_, i) => i * KiB + 10 * KiB)
      )
      const stops = readFileSync(file, "utf8").split("\n").length - 1
      assert.isAtLeast(stops, 6, "one takes two calls at most")
    })
  })

  const withLog = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const logger = Logger.make(({ message }) => void log.push(String(message)))
      yield* Effect.provide(effect, Logger.layer([logger]))
      yield* turn
      return log
    })

  it.effect("whose stop hook throws are reported", () =>
    Effect.gen(function* () {
      const log = yield* withLog(
        withPool({ hooks: { module: module.href, stop: "stopThrows" } }, l.sizeOf(new Uint8Array(1)))
      )
      assert.deepStrictEqual(log, ["threads: a thread did not stop as it should,the database is still in use"])
    })
  )

  it.effect("whose start hook does not end are given up, and the calls that wait for them", () =>
    withPool(
      { hooks: { module: module.href, start: "startNever" }, startTimeout: "30 seconds" },
      Effect.gen(function* () {
        const fiber = yield* fork(Effect.flip(l.sizeOf(new Uint8Array(1))))
        yield* until(
          Effect.gen(function* () {
            yield* TestClock.adjust("31 seconds")
            return fiber.pollUnsafe() !== undefined
          })
        )
        const lost = (yield* Fiber.join(fiber)) as Lost
        assert.deepInclude(lost, { _tag: "Lost", how: "terminated" })
        assert.include(lost.detail, "no thread starts: it did not start within 30000 ms")
      })
    )
  )

  for (const isolation of ["thread", "process"] as const) {
    it.effect(`that cannot even be started leave no call waiting for ever (${isolation})`, () =>
      withPool(
        { isolation, data: () => "cannot be cloned" },
        Effect.gen(function* () {
          const fiber = yield* fork(Effect.flip(l.sizeOf(new Uint8Array(1))))
          yield* until(
            Effect.gen(function* () {
              yield* TestClock.adjust("1 second")
              return fiber.pollUnsafe() !== undefined
            })
          )
          const lost = (yield* Fiber.join(fiber)) as Lost
          assert.deepInclude(lost, { _tag: "Lost", how: "crash" })
          assert.include(lost.detail, "could not be cloned")
        })
      )
    )
  }

  it.effect("are no more than the ring can serve", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Threads.make({ maxThreads: 512 })))
      assert.isTrue(Exit.hasDies(exit))
      assert.include(Cause.pretty((exit as Exit.Failure<never, never>).cause), "from 1 to 511, not 512")
    })
  )

  it.effect("show what they do in their figures while they do it", () =>
    withPool(
      { callsPerThread: 2 },
      Effect.gen(function* () {
        assert.strictEqual(yield* l.sizeOf(new Uint8Array(1)), 1)
        assert.isAbove(yield* stat("worker 0 heapUsed"), 1_000_000)
        const gate = life.makeGate()
        const fiber = yield* fork(l.pass(gate))
        yield* inside(gate, 1)
        const before = yield* stat("worker 0 busy")
        holdUp(20)
        const after = yield* stat("worker 0 busy")
        assert.isAtLeast(after - before, 19)
        life.open(gate)
        yield* Fiber.join(fiber)
        yield* turn
        assert.isAtLeast(yield* stat("worker 0 busy"), after)
      })
    )
  )
})

describe("a large call", () => {
  it.effect("is not sent to a thread that waits for the arguments of another", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const large = new Uint8Array(10 * KiB)
        yield* l.atOnce(large)
        yield* f.spin(1)
        for (let round = 0; round < 20; round++) {
          const busy = yield* fork(f.spin(4))
          const first = yield* fork(l.atOnce(large))
          // The thread ends what it is busy with, claims the first, and must wait for this one, which does not listen.
          holdUp(6)
          const second = yield* fork(l.atOnce(large))
          yield* Fiber.join(busy)
          assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], [1, 1])
        }
      })
    )
  )
})

describe("a call that is given up with its thread", () => {
  for (const size of [10, 100 * KiB]) {
    it.effect(`takes no other along when it has ended already, unseen (${size} octets)`, () => {
      const gate = life.makeGate()
      return withPool(
        { onInterrupt: "terminate", hooks: { module: module.href, start: "startWithGate" }, data: gate },
        Effect.gen(function* () {
          yield* l.octetsOf(size)
          const pool = yield* Threads.Threads
          const cancel = pool.submitUnsafe(new Call({ module: module.href, function: "octetsOf", args: [size] }), () =>
            assert.fail("it was given up")
          )
          const next = yield* fork(l.passGiven())
          // Its thread ends it, and starts the next.
          while (Atomics.load(gate, 0) === 0) holdUp(1)
          cancel()
          life.open(gate)
          assert.strictEqual(yield* Fiber.join(next), "passed")
          assert.strictEqual(yield* stat("restarts"), 0)
          yield* until(Effect.map(stat("abandoned"), (abandoned) => abandoned === 0))
        })
      )
    })
  }
})

describe("pinned keys", () => {
  it.effect("keep a call that waits behind very many that were given up", () =>
    withPool(
      { keys: "pinned" },
      Effect.gen(function* () {
        const gate = life.makeGate()
        const blocker = yield* fork(l.passBlocking.with({ key: "blocker" })(gate))
        yield* inside(gate, 1)
        const live = yield* fork(l.sizeOf.with({ key: "live" })(new Uint8Array(3)))
        const pool = yield* Threads.Threads
        for (let i = 0; i < 5_000; i++) {
          const task = new Call({ module: module.href, function: "whichThread", args: [], key: `given up ${i}` })
          pool.submitUnsafe(task, () => assert.fail("it was given up"))()
        }
        const last = yield* fork(l.sizeOf.with({ key: "last" })(new Uint8Array(4)))
        life.open(gate)
        assert.strictEqual(yield* Fiber.join(blocker), "passed")
        assert.strictEqual(yield* Fiber.join(live), 3)
        assert.strictEqual(yield* Fiber.join(last), 4)
      })
    )
  )

  it.effect("of a busy thread, however many, keep none of another thread's waiting", () =>
    withPool(
      { keys: "pinned", minThreads: 2, maxThreads: 2 },
      Effect.gen(function* () {
        const keys = Array.from({ length: 5_000 }, (_, i) => `key ${i}`)
        const threads = yield* Effect.forEach(keys, (key) => l.whichThread.with({ key })(), { concurrency: 100 })
        const busy = keys.filter((_, i) => threads[i] === threads[0])
        const free = keys[threads.findIndex((thread) => thread !== threads[0])]!
        const gate = life.makeGate()
        const fibers = [yield* fork(l.passBlocking.with({ key: busy[0]! })(gate))]
        yield* inside(gate, 1)
        const others = yield* Effect.forEach(busy.slice(1), (key) => fork(l.whichThread.with({ key })()))
        assert.isAbove(others.length, 2_200)
        assert.notStrictEqual(yield* l.whichThread.with({ key: free })(), threads[0])
        life.open(gate)
        for (const fiber of fibers) yield* Fiber.join(fiber)
        for (const fiber of others) assert.strictEqual(yield* Fiber.join(fiber), threads[0])
      })
    )
  )
})

describe("calls of one key", () => {
  for (const keys of ["ordered", "pinned"] as const) {
    it.effect(`run in order, one at a time, also when their thread is lost now and then (${keys})`, () =>
      withPool(
        { keys, minThreads: 2, maxThreads: 2, callsPerThread: 4 },
        Effect.gen(function* () {
          const calls = Array.from({ length: 60 }, (_, i) => i)
          const log = new Int32Array(new SharedArrayBuffer(4 * (2 + calls.length)))
          const exits = yield* Effect.forEach(
            calls,
            (i) => Effect.exit(l.step.with({ key: "k" })(log, i, i % 20 === 7)),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual([...log.subarray(2)], calls)
          for (const i of calls) {
            const exit = exits[i]!
            if (i % 20 !== 7) assert.deepStrictEqual(exit, Exit.succeed(0), `call ${i}: others inside`)
            else {
              const error = Exit.findErrorOption(exit)
              assert.deepInclude(error._tag === "Some" ? error.value : {}, { _tag: "Lost", exitCode: 7 })
            }
          }
        })
      )
    )
  }
})

describe("the caller's thread", () => {
  it.effect("streams as far as the consumer wants, and stops when it wants no more", () =>
    withPool(
      { queueLimit: 0, whenFull: "caller-runs" },
      Effect.gen(function* () {
        const gate = life.makeGate()
        const blocker = yield* fork(l.passBlocking(gate))
        yield* inside(gate, 1)
        assert.isTrue(yield* f.onMainThread())
        assert.strictEqual((yield* Stream.runCollect(f.countTo.stream(1_000))).length, 1_000)
        const some = yield* Stream.runCollect(Stream.take(f.counting.stream(1_000_000), 100))
        assert.strictEqual(some.length, 100)
        yield* until(Effect.map(stat("abandoned"), (abandoned) => abandoned === 0))
        assert.isBelow(yield* f.producedSoFar(), 1_000)
        life.open(gate)
        yield* Fiber.join(blocker)
      })
    )
  )
})

describe("a callback that throws", () => {
  it.effect("leaves the pool as it was", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const pool = yield* Threads.Threads
        yield* l.sizeOf(new Uint8Array(1))
        const task = new Call<number>({ module: module.href, function: "whichThread", args: [] })
        const heard = yield* Effect.promise(() =>
          uncaughtIn(
            () =>
              new Promise<void>((resolve) => {
                pool.submitUnsafe(task, () => {
                  setImmediate(resolve)
                  throw new RangeError("the callback")
                })
              })
          )
        )
        assert.deepStrictEqual(heard.map(String), ["RangeError: the callback"])
        assert.isAbove(yield* l.whichThread(), 0)
        const error = (yield* Effect.flip(f.overheat(3))) as CallError
        assert.strictEqual(error.errorName, "TooHot")
      })
    )
  )
})
