import { assert, describe, it } from "@effect/vitest"
import { Underway } from "#src/Underway"

describe("what a runner has under way", () => {
  const begun = () => {
    const underway = new Underway()
    const cancelled: Array<string> = []
    for (const submitter of ["a", "b"]) {
      for (const task of [1, 2]) underway.began(submitter, task, () => cancelled.push(`${submitter}${task}`))
    }
    return { underway, cancelled }
  }

  it("is given up by submitter and number, once", () => {
    const { cancelled, underway } = begun()
    underway.giveUp("b", 1)
    underway.giveUp("b", 1)
    underway.giveUp("c", 1)
    assert.deepStrictEqual(cancelled, ["b1"])
  })

  it("is not given up when it has ended", () => {
    const { cancelled, underway } = begun()
    assert.isTrue(underway.ended("a", 2))
    underway.giveUp("a", 2)
    assert.deepStrictEqual(cancelled, [])
  })

  it("leaves nothing of a submitter when its last has ended or was given up", () => {
    const { underway } = begun()
    underway.ended("a", 1)
    assert.strictEqual(underway.size, 2)
    underway.giveUp("a", 2)
    assert.strictEqual(underway.size, 1)
    assert.isFalse(underway.ended("a", 1))
  })
})
