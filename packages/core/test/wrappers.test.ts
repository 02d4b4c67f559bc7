import { assert, describe, it } from "@effect/vitest"
import {
  cache,
  circuitBreaker,
  coalesce,
  type ExecutorError,
  hedge,
  limit,
  Lost,
  LookupError,
  Overloaded,
  rateLimit,
  retry,
  timeout
} from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import { address, call, held, lookup } from "./held.ts"

const now = { startImmediately: true } as const
const full = new Overloaded({ executor: "held", kind: "Call", reason: "full", outstanding: 1, limit: 1 })
const lost = new Lost({ executor: "held", kind: "Call", how: "exit" })
const tagOf = (error: ExecutorError | { readonly _tag: string }) => error._tag

describe("limit", () => {
  it.effect("runs so many at once, and the next when one ends or is given up", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const limited = limit({ concurrency: 2 })(executor)
      const fibers = yield* Effect.forEach([0, 1, 2, 3], (i) => Effect.forkChild(limited.run(call("f", i)), now))
      assert.deepStrictEqual(seen, ["f 0", "f 1"])
      waiting()[0]!.answer(Exit.succeed("zero"))
      assert.deepStrictEqual(seen, ["f 0", "f 1", "f 2"])
      yield* Fiber.interrupt(fibers[1]!)
      assert.deepStrictEqual(seen, ["f 0", "f 1", "f 2", "f 3"])
      for (const job of waiting()) job.answer(Exit.void)
      assert.strictEqual(yield* Fiber.join(fibers[0]!), "zero")
      const stats = yield* limited.stats
      assert.deepStrictEqual([stats.running, stats.queued, stats.done, stats.cancelled], [0, 0, 3, 1])
    })
  )

  it("lets keys take turns, whatever the backlog of one", () => {
    const { executor, seen, waiting } = held()
    const limited = limit({ concurrency: 1, key: (task) => task.function })(executor)
    const tasks = [call("a", 0), call("a", 1), call("a", 2), call("b", 0), call("c", 0), call("b", 1)]
    for (const task of tasks) limited.submitUnsafe(task, () => {})
    for (let job = waiting()[0]; job !== undefined; job = waiting()[0]) job.answer(Exit.void)
    assert.deepStrictEqual(seen, ["a 0", "b 0", "c 0", "a 1", "b 1", "a 2"])
  })

  it("keeps each key below its own bound", () => {
    const { executor, seen } = held()
    const limited = limit({ concurrency: 10, key: (task) => task.function, perKey: 2 })(executor)
    for (const i of [0, 1, 2]) limited.submitUnsafe(call("a", i), () => {})
    limited.submitUnsafe(call("b", 0), () => {})
    assert.deepStrictEqual(seen, ["a 0", "a 1", "b 0"])
  })

  it.effect("refuses what does not fit its queue", () =>
    Effect.gen(function* () {
      const { executor } = held()
      const limited = limit({ concurrency: 1, waiting: 1 })(executor)
      for (const i of [0, 1]) limited.submitUnsafe(call("f", i), () => {})
      const error = yield* Effect.flip(limited.run(call("f", 2)))
      assert.strictEqual(
        error.message,
        "held holds 2 tasks of at most 2 and takes no Call now; retry later or raise the limit"
      )
    })
  )
})

describe("retry", () => {
  it.effect("hands off again what was refused, by its schedule", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const again = retry({ schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(2)]) })(executor)
      const fiber = yield* Effect.forkChild(again.run(call("f", 0)), now)
      waiting()[0]!.answer(Exit.fail(full))
      assert.strictEqual(waiting().length, 0)
      yield* TestClock.adjust("1 second")
      waiting()[0]!.answer(Exit.fail(full))
      yield* TestClock.adjust("1 second")
      waiting()[0]!.answer(Exit.succeed("third"))
      assert.strictEqual(yield* Fiber.join(fiber), "third")
      assert.strictEqual(seen.length, 3)
    })
  )

  const lookupFailed = new LookupError({ name: "a", reason: "NotFound", code: "NXDOMAIN" })
  const cases = [
    { what: "a lost call is not repeated: it may have half run", task: call("f", 0), error: lost, times: 1 },
    { what: "a lost lookup is", task: lookup("a"), error: lost, times: 2 },
    { what: "an answer of the task's own is final", task: lookup("a"), error: lookupFailed, times: 1 }
  ]
  for (const { error, task, times, what } of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { executor, seen, waiting } = held()
        const fiber = yield* Effect.forkChild(
          Effect.flip(retry({ schedule: Schedule.recurs(1) })(executor).run(task)),
          now
        )
        while (waiting().length > 0) {
          waiting()[0]!.answer(Exit.fail(error))
          yield* Effect.yieldNow
        }
        assert.strictEqual(tagOf(yield* Fiber.join(fiber)), error._tag)
        assert.strictEqual(seen.length, times)
      })
    )
  }
})

describe("timeout", () => {
  it.effect("answers Lost and gives the task up", () =>
    Effect.gen(function* () {
      const { executor, outstanding } = held()
      const fiber = yield* Effect.forkChild(Effect.flip(timeout("5 seconds")(executor).run(call("f", 0))), now)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(
        (yield* Fiber.join(fiber)).message,
        "held lost a Call (terminated): no answer within 5s; it may have half run"
      )
      assert.deepStrictEqual([outstanding.size, outstanding.cancelled], [0, 1])
    })
  )
})

describe("hedge", () => {
  it.effect("asks a second time when the first takes long, and answers with whichever ends first", () =>
    Effect.gen(function* () {
      const { executor, outstanding, waiting } = held()
      const hedged = hedge({ delay: "50 millis" })(executor)
      const fiber = yield* Effect.forkChild(hedged.run(lookup("a")), now)
      yield* TestClock.adjust("49 millis")
      assert.strictEqual(waiting().length, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(waiting().length, 2)
      waiting()[1]!.answer(Exit.succeed(address("192.0.2.2")))
      assert.deepStrictEqual(yield* Fiber.join(fiber), address("192.0.2.2"))
      assert.deepStrictEqual([outstanding.size, outstanding.cancelled], [0, 1])
      assert.strictEqual((yield* hedged.stats).extra["hedged"], 1)
    })
  )

  it.effect("waits for the other attempt when the executor loses one, but not when the task fails", () =>
    Effect.gen(function* () {
      const { executor, waiting } = held()
      const hedged = hedge({ delay: "50 millis" })(executor)
      const fiber = yield* Effect.forkChild(hedged.run(lookup("a")), now)
      yield* TestClock.adjust("50 millis")
      waiting()[0]!.answer(Exit.fail(lost))
      assert.isUndefined(fiber.pollUnsafe())
      waiting()[0]!.answer(Exit.succeed(address("192.0.2.2")))
      yield* Fiber.join(fiber)
    })
  )

  it.effect("leaves alone what must not run twice", () =>
    Effect.gen(function* () {
      const { executor, waiting } = held()
      yield* Effect.forkChild(hedge({ delay: "50 millis" })(executor).run(call("f", 0)), now)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(waiting().length, 1)
    })
  )
})

describe("coalesce", () => {
  it.effect("runs equal tasks in flight once, and later ones again", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const once = coalesce()(executor)
      const fibers = yield* Effect.forEach(["a", "a", "b", "a"], (name) =>
        Effect.forkChild(once.run(lookup(name)), now)
      )
      assert.deepStrictEqual(seen, ["a", "b"])
      waiting()[0]!.answer(Exit.succeed(address("192.0.2.1")))
      for (const i of [0, 1, 3]) assert.deepStrictEqual(yield* Fiber.join(fibers[i]!), address("192.0.2.1"))
      yield* Effect.forkChild(once.run(lookup("a")), now)
      assert.deepStrictEqual(seen, ["a", "b", "a"])
    })
  )

  it.effect("gives the run up only with the last who waits for it", () =>
    Effect.gen(function* () {
      const { executor, outstanding } = held()
      const once = coalesce()(executor)
      const fibers = yield* Effect.forEach(["a", "a"], (name) => Effect.forkChild(once.run(lookup(name)), now))
      yield* Fiber.interrupt(fibers[0]!)
      assert.deepStrictEqual([outstanding.size, outstanding.cancelled], [1, 0])
      yield* Fiber.interrupt(fibers[1]!)
      assert.deepStrictEqual([outstanding.size, outstanding.cancelled], [0, 1])
    })
  )

  it("runs equal calls each: functions have effects", () => {
    const { executor, seen } = held()
    const once = coalesce()(executor)
    for (const i of [1, 1]) once.submitUnsafe(call("f", i), () => {})
    assert.deepStrictEqual(seen, ["f 1", "f 1"])
  })
})

describe("cache", () => {
  it.effect("keeps a success for its time, and no failure", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const kept = cache({ capacity: 10, timeToLive: "1 minute" })(executor)
      const ask = (exit: Exit.Exit<any, any>) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Effect.exit(kept.run(lookup("a"))), now)
          waiting()[0]?.answer(exit)
          return yield* Fiber.join(fiber)
        })
      yield* ask(Exit.fail(lost))
      const first = yield* ask(Exit.succeed(address("192.0.2.1")))
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* ask(Exit.succeed(address("192.0.2.9"))), first)
      assert.strictEqual(seen.length, 2)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* ask(Exit.succeed(address("192.0.2.9"))), Exit.succeed(address("192.0.2.9")))
      assert.strictEqual(seen.length, 3)
    })
  )

  it.effect("takes the time to live from the outcome", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const timeToLive = (exit: Exit.Exit<any, any>) => (Exit.isSuccess(exit) ? "1 hour" : "1 second")
      const kept = cache({ capacity: 10, timeToLive })(executor)
      const ask = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.exit(kept.run(lookup("a"))), now)
        waiting()[0]?.answer(Exit.fail(lost))
        return yield* Fiber.join(fiber)
      })
      yield* Effect.andThen(ask, ask)
      assert.strictEqual(seen.length, 1)
      yield* TestClock.adjust("1 second")
      yield* ask
      assert.strictEqual(seen.length, 2)
    })
  )
})

describe("rateLimit", () => {
  it.effect("spaces out what comes after the burst", () =>
    Effect.gen(function* () {
      const { executor, seen } = held()
      const slow = rateLimit({ tasks: 10, window: "1 second", burst: 2 })(executor)
      for (const i of [0, 1, 2, 3]) slow.submitUnsafe(call("f", i), () => {}, yield* Effect.context<never>())
      assert.strictEqual(seen.length, 2)
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(seen.length, 3)
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("refuses instead, if told so, and counts keys apart", () =>
    Effect.gen(function* () {
      const { executor, seen } = held()
      const strict = rateLimit({ tasks: 1, window: "1 second", excess: "fail", key: (task) => task.function })(executor)
      yield* Effect.forkChild(strict.run(call("a", 0)), now)
      yield* Effect.forkChild(strict.run(call("b", 0)), now)
      assert.strictEqual(tagOf(yield* Effect.flip(strict.run(call("a", 1)))), "Overloaded")
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(strict.run(call("a", 2)), now)
      assert.deepStrictEqual(seen, ["a 0", "b 0", "a 2"])
    })
  )
})

describe("circuitBreaker", () => {
  it.effect("rests after failures in a row, tries one task, and works again when that is answered", () =>
    Effect.gen(function* () {
      const { executor, seen, waiting } = held()
      const breaker = circuitBreaker({ failures: 2, rest: "10 seconds" })(executor)
      const ask = (exit: Exit.Exit<any, any>) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Effect.exit(breaker.run(call("f", 0))), now)
          waiting()[0]?.answer(exit)
          return yield* Fiber.join(fiber)
        })
      yield* ask(Exit.fail(lost))
      yield* ask(Exit.succeed(1))
      yield* ask(Exit.fail(lost))
      yield* ask(Exit.fail(lost))
      assert.strictEqual(seen.length, 4)
      const error = yield* Effect.flip(breaker.run(call("f", 0)))
      assert.strictEqual(
        error.message,
        "held failed 2 times in a row and takes no Call for a while; retry later or elsewhere"
      )
      yield* TestClock.adjust("10 seconds")
      const trial = yield* Effect.forkChild(Effect.exit(breaker.run(call("f", 0))), now)
      assert.strictEqual(tagOf(yield* Effect.flip(breaker.run(call("f", 0)))), "Overloaded")
      waiting()[0]!.answer(Exit.fail(lost))
      yield* Fiber.join(trial)
      assert.strictEqual(tagOf(yield* Effect.flip(breaker.run(call("f", 0)))), "Overloaded")
      yield* TestClock.adjust("10 seconds")
      yield* ask(Exit.succeed(1))
      yield* ask(Exit.succeed(1))
      assert.strictEqual(seen.length, 7)
    })
  )
})
