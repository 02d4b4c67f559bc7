import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as limits from "#demo/survey/limits"
import * as Pace from "#demo/survey/Pace"

/** An event loop that turns when it is told to, and whose time passes only by what runs in it and by waiting. */
class Turning implements Pace.Loop {
  private time = 0
  private ran = 0
  private readonly coming: Array<{ readonly at: number; readonly act: () => void }> = []
  readonly next = (act: () => void): void => void this.coming.push({ at: this.time, act })
  readonly after = (milliseconds: number, act: () => void): void =>
    void this.coming.push({ at: this.time + milliseconds, act })
  readonly now = (): number => this.time
  readonly active = (): number => this.ran

  /** Something runs for so long. */
  run(milliseconds: number): void {
    this.time += milliseconds
    this.ran += milliseconds
  }

  /** One turn: waits until something is due, and does it; false if nothing will ever be. */
  turn(): boolean {
    const first = this.coming.shift()
    if (first === undefined) return false
    this.time = Math.max(this.time, first.at)
    first.act()
    return true
  }
}

/** Hosts that each keep the loop busy for so long when they begin, and end at once. */
const busy = (loop: Turning, pace: Pace.Pace, milliseconds: number, began: Array<number>) =>
  pace.host(
    Effect.sync(() => {
      began.push(loop.now())
      loop.run(milliseconds)
    })
  )

describe("a pace", () => {
  it("lets hosts that are work for the loop begin as fast as it can do the work, however many stand in line", () => {
    const loop = new Turning()
    const pace = Pace.make(loop)
    const began: Array<number> = []
    for (let host = 0; host < 1_000; host++) Effect.runFork(busy(loop, pace, 10, began))
    while (loop.turn());
    assert.strictEqual(began.length, 1_000)
    const between = began.slice(501).map((at, index) => at - began[500 + index]!)
    // The share of the loop that hosts may have, and no less.
    const mean = between.reduce((sum, one) => sum + one, 0) / between.length
    assert.closeTo(mean, 10 / limits.pace.share, 0.2)
    assert.isAbove(Math.min(...between), 9.9)
  })

  it("lets hosts that only wait begin all at once, nearly", () => {
    const loop = new Turning()
    const pace = Pace.make(loop)
    let began = 0
    for (let host = 0; host < 1_000; host++) {
      // The first ones show that such hosts are no work; the others never end.
      const waiting = host < 100 ? Effect.void : Effect.never
      Effect.runFork(
        pace.host(
          Effect.andThen(
            Effect.sync(() => void began++),
            waiting
          )
        )
      )
    }
    while (loop.turn());
    assert.strictEqual(began, 1_000)
    assert.isBelow(loop.now(), 200)
  })

  it("lets tasks of hosts that have begun go before the next host", () => {
    const loop = new Turning()
    const pace = Pace.make(loop)
    const order: Array<string> = []
    const say = (word: string) => Effect.sync(() => void order.push(word))
    Effect.runFork(pace.host(say("host")))
    Effect.runFork(pace.host(say("host")))
    for (let task = 0; task < 3; task++) Effect.runFork(Effect.andThen(pace.task, say("task")))
    while (loop.turn());
    assert.deepStrictEqual(order, ["task", "task", "task", "host", "host"])
  })

  it("starts what fits into a turn, and one task where the turn had much to do already", () => {
    const loop = new Turning()
    const pace = Pace.make(loop)
    let started = 0
    const task = Effect.andThen(
      pace.task,
      Effect.sync(() => {
        started++
        loop.run(1)
      })
    )
    for (let count = 0; count < 10; count++) Effect.runFork(task)
    loop.turn()
    assert.strictEqual(started, limits.pace.turn.starting)
    loop.run(limits.pace.turn.busy)
    loop.turn()
    assert.strictEqual(started, limits.pace.turn.starting + 1)
    while (loop.turn());
    assert.strictEqual(started, 10)
  })

  it("does not make up for a time in which the loop was held up by many hosts at once", () => {
    const loop = new Turning()
    const pace = Pace.make(loop)
    let began = 0
    const hosts = (count: number) => {
      for (let host = 0; host < count; host++) Effect.runFork(pace.host(Effect.sync(() => void began++)))
    }
    hosts(1)
    loop.turn()
    loop.run(10_000)
    hosts(100)
    loop.turn()
    assert.isAtMost(began - 1, limits.pace.turn.starting / limits.pace.hostMilliseconds + 1)
  })

  it("forgets who leaves the line, and asks nothing of the loop when nobody stands in it", async () => {
    const loop = new Turning()
    const pace = Pace.make(loop)
    const left = Effect.runFork(pace.host(Effect.die("began though it had left")))
    const waiting = Deferred.makeUnsafe<void>()
    const stays = Effect.runFork(pace.host(Deferred.await(waiting)))
    await Effect.runPromise(Fiber.interrupt(left))
    while (loop.turn());
    assert.isFalse(loop.turn())
    await Effect.runPromise(Deferred.succeed(waiting, undefined))
    await Effect.runPromise(Fiber.join(stays))
    assert.isFalse(loop.turn())
  })
})

describe("the pace of Node's event loop", () => {
  it("lets what stands in line start", async () => {
    const pace = Pace.make()
    const done = await Effect.runPromise(
      Effect.forEach([1, 2, 3], (one) => pace.host(Effect.as(pace.task, one)), { concurrency: 3 })
    )
    assert.deepStrictEqual(done, [1, 2, 3])
  })
})
