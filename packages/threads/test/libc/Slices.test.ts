import { Slices } from "#libc/Slices"
import { assert, describe, it } from "@effect/vitest"

const turn = () => new Promise((resolve) => setImmediate(resolve))

const busy = (millis: number) => {
  const end = performance.now() + millis
  while (performance.now() < end);
}

describe("Slices", () => {
  it("runs all that is short at once and in order", () => {
    const slices = new Slices(1_000)
    const log: Array<number> = []
    for (const i of [1, 2, 3]) slices.push(() => log.push(i))
    slices.run()
    assert.deepStrictEqual(log, [1, 2, 3])
  })

  it("gives the event loop its turn after each slice, and keeps the order of what comes in between", async () => {
    const slices = new Slices(1)
    const log: Array<number> = []
    for (const i of [1, 2, 3]) {
      slices.push(() => {
        busy(2)
        log.push(i)
      })
    }
    slices.run()
    assert.deepStrictEqual(log, [1])
    slices.push(() => log.push(4))
    slices.run()
    assert.deepStrictEqual(log, [1])
    while (log.length < 4) await turn()
    assert.deepStrictEqual(log, [1, 2, 3, 4])
  })

  it("runs what an action adds, and nothing after it was cleared", async () => {
    const slices = new Slices(1)
    const log: Array<number> = []
    slices.push(() => {
      busy(2)
      log.push(1)
      slices.push(() => log.push(3))
    })
    slices.push(() => log.push(2))
    slices.run()
    slices.clear()
    await turn()
    await turn()
    assert.deepStrictEqual(log, [1])
  })
})
