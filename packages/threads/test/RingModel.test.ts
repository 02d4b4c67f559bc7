import { assert, describe, it } from "@effect/vitest"
import { explore, type Mistake, type Shape } from "./RingModel.ts"

const shapes: ReadonlyArray<Shape> = [
  { workers: 2, slots: 2, tasks: 2, kills: 0, cancels: 0 },
  { workers: 2, slots: 1, tasks: 2, kills: 1, cancels: 0 },
  { workers: 1, slots: 2, tasks: 3, kills: 1, cancels: 1 }
]

describe("the model of the ring", () => {
  for (const shape of shapes) {
    const { cancels, kills, slots, tasks, workers } = shape
    it(`answers every task once: ${tasks} tasks, ${slots} slots, ${workers} workers, ${kills} killed, ${cancels} given up`, () => {
      const { states, violation } = explore(shape)
      assert.strictEqual(violation, undefined, JSON.stringify(violation, null, 1))
      assert.isAbove(states, 10_000)
    }, 60_000)
  }

  const mistakes: ReadonlyArray<readonly [Mistake, Shape, string]> = [
    ["park without looking again", shapes[0]!, "never answered|waits behind"],
    ["spinner ends after its claim", shapes[0]!, "waits behind"],
    ["no chain", shapes[0]!, "waits behind"],
    ["sleep without draining", shapes[0]!, "never answered"],
    ["wake main before done", shapes[0]!, "never answered"],
    ["claim without exchange", shapes[0]!, "claimed twice"]
  ]
  for (const [mistake, shape, what] of mistakes) {
    it(`finds the mistake: ${mistake}`, () => {
      const { violation } = explore(shape, mistake)
      assert.match(violation?.what ?? "nothing found", new RegExp(what))
      assert.isNotEmpty(violation?.trace)
    }, 60_000)
  }
})
