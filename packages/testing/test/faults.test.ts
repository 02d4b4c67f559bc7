/** The contract against executors that break it: each fault must be caught, and by a law that speaks of it. */
import { assert, describe, it } from "@effect/vitest"
import { Contract, Faults, laws } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { direct, samples } from "./samples.ts"

const seeds = [1, 2, 3]

/** The laws that an executor with this fault breaks. */
const broken = (fault: Faults.Fault) =>
  Effect.gen(function* () {
    const subject = Contract.subject(Effect.map(direct("direct", "later"), fault), {
      ...samples,
      patience: 150,
      tasks: 100
    })
    const names = yield* Effect.forEach(
      laws(seeds),
      (law) => Effect.map(Effect.exit(law.check(subject)), (exit) => (Exit.isFailure(exit) ? [law.name] : [])),
      { concurrency: "unbounded" }
    )
    return names.flat()
  })

const once = "a task that succeeds is answered once, with its value"
const many = "many tasks at once are each answered once, with their own values"
const stats = "stats count every task where it ended, and return to zero"
const closing = "closing with work outstanding loses no waiter, and later tasks are refused"
const running = "a task cancelled while it runs stays silent, and others still run"

const faults: ReadonlyArray<readonly [what: string, fault: Faults.Fault, caughtBy: string]> = [
  ["dies", Faults.dies({ after: 3 }), many],
  ["dies at its first task", Faults.dies({ after: 0 }), once],
  ["stalls", Faults.stalls({ every: 10, seed: 5 }), many],
  ["answers after a cancel", Faults.answersAfterCancel, running],
  ["answers twice", Faults.answersTwice({ every: 10, seed: 5 }), many],
  ["always answers twice", Faults.answersTwice({ every: 1, seed: 5 }), once],
  ["mixes answers up", Faults.mixesUp, many],
  [
    "lets one task wait for another",
    Faults.blocksBehindTheFirst,
    "a task that ends overtakes one that does not (or waits for it, where one runs at a time)"
  ],
  ["fails with defects", Faults.losesTypes, "a task that fails is answered once, with its own typed failure"],
  [
    "claims to support everything",
    Faults.claimsEverything,
    "a kind it does not speak is answered `Unsupported`, and `supports` says so"
  ],
  ["throws", Faults.throws({ every: 10, seed: 5 }), many],
  ["does not count down", Faults.countsUp, stats],
  ["ignores cancelling", Faults.ignoresCancel, stats],
  ["closes silently", Faults.closesSilently, closing]
]

describe("the contract catches an executor that", () => {
  for (const [what, fault, law] of faults) {
    it.live(
      what,
      () =>
        Effect.gen(function* () {
          assert.include(yield* broken(fault), law)
        }),
      30_000
    )
  }

  it.live("and none that has no fault", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* broken((inner) => inner), [])
    })
  )

  it.live(
    "by a random schedule alone, for the faults that strike at random",
    () =>
      Effect.gen(function* () {
        for (const fault of [
          Faults.stalls({ every: 4, seed: 1 }),
          Faults.answersTwice({ every: 4, seed: 1 }),
          Faults.dies({ after: 20 }),
          Faults.answersAfterCancel
        ]) {
          const names = yield* broken(fault)
          assert.isTrue(names.some((name) => name.startsWith("a random schedule")))
        }
      }),
    30_000
  )
})
