import { assert, describe, it } from "@effect/vitest"
import { simulate } from "./support/Simulation.ts"

const thousand = {
  runners: 1000,
  partitions: 4096,
  concurrency: 8,
  tasks: 200_000,
  milliseconds: 100,
  keyOf: (task: number) => `host${task}.example`
}

const once = (answers: Uint8Array): boolean => answers.every((count) => count === 1)

describe("a thousand runners in virtual time", () => {
  it("share the work evenly enough that the busiest has less than twice the mean", () => {
    const { answers, busiest, ideal, makespan, mean } = simulate(thousand)
    console.log(`even: ${makespan} ms against ${ideal} ideal; partitions of the busiest ${busiest}, mean ${mean}`)
    assert.isTrue(once(answers))
    assert.isBelow(busiest, 2 * mean)
    assert.isBelow(makespan, 3 * ideal)
  })

  it("answer every task once though a third of them die, and move little more than the dead ones' partitions", () => {
    const { answers, ideal, makespan, moved, runs } = simulate({
      ...thousand,
      loss: { at: 1000, share: 1 / 3, takeover: 10_000 }
    })
    console.log(
      `a third lost: ${makespan} ms against ${ideal} ideal; moved ${moved}, ${runs - thousand.tasks} run again`
    )
    assert.isTrue(once(answers))
    assert.isAbove(runs, thousand.tasks)
    assert.isAbove(moved, 0.3)
    assert.isBelow(moved, 0.7)
    assert.isBelow(makespan, 1000 + 10_000 + 4 * ideal)
  })

  it("are no help to one hot key, which one runner serves alone", () => {
    const hot = 20_000
    const { answers, makespan } = simulate({
      ...thousand,
      keyOf: (task) => (task < hot ? "hot.example" : `host${task}.example`)
    })
    console.log(`hot key: ${makespan} ms for ${hot} tasks of one key`)
    assert.isTrue(once(answers))
    assert.isAtLeast(makespan, (hot * thousand.milliseconds) / thousand.concurrency)
  })

  it("would be seen to answer twice if the dead could still answer", () => {
    const { answers } = simulate({ ...thousand, loss: { at: 50, share: 1 / 3, takeover: 10, zombies: true } })
    assert.isFalse(once(answers))
  })
})
