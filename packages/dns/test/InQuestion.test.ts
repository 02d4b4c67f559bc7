/** Questions by name: that the numbers between names and questions are never seen. */
import { assert, describe, it } from "@effect/vitest"
import { InQuestion } from "#internal"

type Pending = Parameters<InQuestion["add"]>[0]

/** All that the table looks at. */
const question = (key: string) => ({ key, place: 0 }) as unknown as Pending

/** A sequence that looks random, the same each time. */
const sequence = (seed: number) => () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32

describe("questions in flight by name", () => {
  for (const most of [1, 100, 5_000]) {
    it(`up to ${most} at once: each is found under its name until it is taken out`, () => {
      const table = new InQuestion()
      const model = new Map<string, Pending>()
      const draw = sequence(most)
      for (let round = 0; round < 20_000; round++) {
        const key = `n${Math.floor(draw() * 2 * most)}.example`
        const known = model.get(key)
        assert.strictEqual(table.get(key), known)
        assert.strictEqual(table.has(key), known !== undefined)
        if (known !== undefined) {
          table.delete(known)
          model.delete(key)
        } else if (model.size < most) {
          const added = question(key)
          table.add(added)
          model.set(key, added)
        }
        assert.strictEqual(table.size, model.size)
      }
      const keys = (pendings: Iterable<Pending>) => Array.from(pendings, ({ key }) => key).toSorted()
      assert.deepStrictEqual(keys(table.all()), keys(model.values()))
      for (const left of table.all()) table.delete(left)
      assert.strictEqual(table.size, 0)
      assert.deepStrictEqual(table.all(), [])
    })
  }
})
