import { assert, describe, it } from "@effect/vitest"
import { Call } from "@handoff/core"
import { Random, Stepper } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { answer, samples } from "./samples.ts"

const make = (limit?: number) =>
  Stepper.make<Call<any>>({ kinds: ["Call"], answer, ...(limit === undefined ? {} : { limit }) })

describe("Stepper", () => {
  it.effect("does nothing until it is told to", () =>
    Effect.gen(function* () {
      const stepper = yield* make()
      const fiber = yield* Effect.forkChild(stepper.executor.run(samples.succeed(21).task), { startImmediately: true })
      assert.deepStrictEqual(
        stepper.waiting.map(({ state }) => state),
        ["queued"]
      )
      assert.isTrue(stepper.waiting[0]!.start())
      assert.isFalse(stepper.waiting[0]!.start())
      assert.deepStrictEqual(yield* stepper.executor.stats, {
        running: 1,
        queued: 0,
        done: 0,
        failed: 0,
        lost: 0,
        cancelled: 0,
        extra: {}
      })
      const held = stepper.waiting[0]!
      assert.isTrue(stepper.step())
      assert.isFalse(stepper.step())
      assert.isFalse(held.answer(Exit.succeed("again")))
      assert.strictEqual(yield* Fiber.join(fiber), 42)
    })
  )

  it.effect("answers in the order that the seed decides, the same every time", () =>
    Effect.gen(function* () {
      const play = Effect.fnUntraced(function* (seed: number) {
        const stepper = yield* make()
        const order: Array<number> = []
        for (let i = 0; i < 20; i++) {
          stepper.executor.submitUnsafe(samples.succeed(i).task, () => {
            order.push(i)
            // Handed off meanwhile, and drained too.
            if (i === 0) stepper.executor.submitUnsafe(samples.succeed(99).task, () => order.push(99))
          })
        }
        assert.strictEqual(stepper.drain(seed), 21)
        return order
      })
      const first = yield* play(3)
      assert.deepStrictEqual(yield* play(3), first)
      assert.notDeepEqual(yield* play(4), first)
      assert.sameMembers(first, [...Array.from({ length: 20 }, (_, i) => i), 99])
    })
  )

  it.effect("loses tasks, refuses what is beyond its limit, and answers the rest when it is closed", () =>
    Effect.gen(function* () {
      const tags: Array<string> = []
      const note = (exit: Exit.Exit<unknown, { readonly _tag: string }>) =>
        tags.push(
          Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail" ? exit.cause.reasons[0].error._tag : "?"
        )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const stepper = yield* make(2)
          for (let i = 0; i < 3; i++) stepper.executor.submitUnsafe(samples.succeed(i).task, note)
          stepper.waiting[1]!.lose("memory")
        })
      )
      assert.deepStrictEqual(tags, ["Overloaded", "Lost", "Lost"])
    })
  )

  it("without answers it says so, as a defect", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const stepper = yield* Stepper.make<Call<any>>({ kinds: ["Call"] })
          const fiber = yield* Effect.forkChild(
            Effect.exit(stepper.executor.run(new Call({ module: "m", function: "f", args: [] }))),
            {
              startImmediately: true
            }
          )
          stepper.stepAny(Random.make(1))
          assert.isTrue(Exit.hasDies(yield* Fiber.join(fiber)))
        })
      )
    ))
})
