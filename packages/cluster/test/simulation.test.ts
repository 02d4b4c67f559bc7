import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Options, simulate } from "./support/Simulation.ts"

/** As the README says for a thousand runners: eight times as many partitions and shards. */
const many = { partitions: 8_192, shards: 8_192 }

const thousand = {
  runners: 1000,
  concurrency: 8,
  tasks: 100_000,
  milliseconds: 100,
  keyOf: (): string | undefined => undefined
} satisfies Options

const once = (answers: Uint8Array): boolean => answers.every((count) => count === 1)
const round = (n: number) => Math.round(n * 100) / 100

/** Simulates and says how the work was spread; every task is answered once. */
const spread = Effect.fnUntraced(function* (what: string, options: Options) {
  const outcome = yield* simulate(options)
  const { answers, busiest, ideal, makespan, used } = outcome
  console.log(
    `${what}: ${used} used, ${makespan} ms against ${ideal} ideal; the busiest ran ${round(busiest)} of the mean`
  )
  assert.isTrue(once(answers))
  return outcome
})

const scenario = (name: string, effect: () => Effect.Effect<void, never, any>) =>
  it.effect(name, () => effect() as Effect.Effect<void>, 180_000)

describe("the defaults in virtual time", () => {
  for (const [runners, least] of [
    [4, 4],
    [8, 8],
    [16, 15]
  ] as const) {
    scenario(`give work to ${least} of ${runners} runners at least`, () =>
      Effect.gen(function* () {
        const options = { ...thousand, runners, tasks: runners * 2_000 }
        const { ideal, makespan, used } = yield* spread(`defaults, ${runners} runners`, options)
        assert.isAtLeast(used, least)
        assert.isBelow(makespan, 1.5 * ideal)
      })
    )
  }

  scenario("cannot give a thousand runners work: each partition is on one runner", () =>
    Effect.gen(function* () {
      const { used } = yield* spread("defaults, 1,000 runners", { ...thousand, tasks: 20_000 })
      assert.isAtMost(used, 64)
    })
  )
})

describe("a thousand runners in virtual time, with eight partitions and shards for each", () => {
  scenario("all have work, and share it evenly", () =>
    Effect.gen(function* () {
      const { busiest, ideal, makespan, used } = yield* spread("even", { ...thousand, ...many })
      assert.isAtLeast(used, 990)
      assert.isBelow(busiest, 2)
      assert.isBelow(makespan, 2 * ideal)
    })
  )

  scenario("share many keys less evenly, for a key is on one runner", () =>
    Effect.gen(function* () {
      const options = { ...thousand, ...many, keyOf: (task: number) => `host${task}.example` }
      const { ideal, makespan, used } = yield* spread("keys", options)
      assert.isAtLeast(used, 990)
      assert.isBelow(makespan, 5 * ideal)
    })
  )

  scenario("answer every task once though a third of them die, and move little more than the dead ones' shards", () =>
    Effect.gen(function* () {
      const { answers, ideal, makespan, moved, runs } = yield* simulate({
        ...thousand,
        ...many,
        loss: { at: 1000, share: 1 / 3, takeover: 10_000 }
      })
      console.log(
        `a third lost: ${makespan} ms against ${round(ideal)} ideal; moved ${round(moved)}, ${runs - thousand.tasks} run again`
      )
      assert.isTrue(once(answers))
      assert.isAbove(runs, thousand.tasks)
      assert.isAbove(moved, 0.3)
      assert.isBelow(moved, 0.7)
      assert.isBelow(makespan, 1000 + 10_000 + 4 * ideal)
    })
  )

  scenario("are no help to one hot key, which one runner serves alone, and hold nobody else up", () =>
    Effect.gen(function* () {
      const hot = 10_000
      const { answers, ideal, makespan, most } = yield* simulate({
        ...thousand,
        ...many,
        keyOf: (task) => (task < hot ? "hot.example" : undefined)
      })
      console.log(`hot key: ${makespan} ms for ${hot} tasks of one key; the others ${most} ms`)
      assert.isBelow(most, 2 * ideal)
      assert.isTrue(once(answers))
      assert.isAtLeast(makespan, (hot * thousand.milliseconds) / thousand.concurrency)
    })
  )

  scenario("would be seen to answer twice if the dead could still answer", () =>
    Effect.gen(function* () {
      const { answers } = yield* simulate({
        ...thousand,
        ...many,
        loss: { at: 50, share: 1 / 3, takeover: 10, zombies: true }
      })
      assert.isFalse(once(answers))
    })
  )
})
