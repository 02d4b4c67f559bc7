/** How many questions leave together: see `Burst.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { Burst, limits } from "#internal"

/** The sizes in which so many questions of one turn leave, when so many are in flight at its end. */
const turn = (burst: Burst, asked: number, inFlight: number): ReadonlyArray<number> => {
  const sizes: Array<number> = []
  let waiting = 0
  for (let i = 0; i < asked; i++) {
    if (!burst.isDue(++waiting)) continue
    sizes.push(waiting)
    waiting = 0
  }
  if (waiting > 0) sizes.push(waiting)
  burst.endTurn(inFlight)
  return sizes
}

describe("questions of one turn", () => {
  it("leave in two halves of what is in flight, once that is known", () => {
    const burst = new Burst()
    assert.deepStrictEqual(turn(burst, 100, 100), [100])
    assert.deepStrictEqual(turn(burst, 100, 100), [50, 50])
    // The halves come back one by one, and stay whole.
    assert.deepStrictEqual(turn(burst, 50, 100), [50])
    assert.deepStrictEqual(turn(burst, 50, 100), [50])
  })

  it("that are parts of a half leave at its end, and parts that came back together leave as a half again", () => {
    const burst = new Burst()
    turn(burst, 100, 100)
    assert.deepStrictEqual(turn(burst, 30, 100), [30])
    assert.deepStrictEqual(turn(burst, 70, 100), [50, 20])
    assert.deepStrictEqual(turn(burst, 100, 100), [50, 50])
  })

  it("leave in no fewer than are worth a system call, and in no more than a server should wait for", () => {
    const burst = new Burst()
    turn(burst, 4, 4)
    assert.deepStrictEqual(turn(burst, 40, 40), [limits.burst.least, limits.burst.least, 8])
    turn(burst, 1, 100_000)
    assert.deepStrictEqual(turn(burst, 2_500, 2_500), [limits.burst.most, limits.burst.most, 452])
  })
})
