/** The table of questions in flight does what a `Map` by id does. */
import { assert, describe, it } from "@effect/vitest"
import { InFlight, type Transport } from "#internal"

const ask = (id: number): Transport.Ask => ({ id }) as Transport.Ask

describe("InFlight", () => {
  // Ids that share their low bits lie in one run, where taking one out must leave no hole before another.
  for (const [name, draw] of [
    ["random ids", (at: number) => Math.imul(at, 0x9e3779b1) >>> 16],
    ["ids of one run", (at: number) => (at * 64) & 0xffff],
    ["ids that wrap around the end", (at: number) => (63 + (at % 3) + 64 * at) & 0xffff]
  ] as const) {
    it(`${name}: whatever is added and taken out, in whatever order`, () => {
      const table = new InFlight()
      const model = new Map<number, Transport.Ask>()
      let seed = 7
      const random = (below: number): number => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
        return (seed >>> 8) % below
      }
      for (let step = 0; step < 20_000; step++) {
        const id = draw(random(600))
        if (model.has(id)) {
          assert.strictEqual(table.get(id), model.get(id))
          assert.isTrue(table.delete(id))
          model.delete(id)
        } else {
          assert.isUndefined(table.get(id))
          assert.isFalse(table.delete(id))
          const one = ask(id)
          table.add(one)
          model.set(id, one)
        }
        assert.strictEqual(table.size, model.size)
      }
      for (const [id, one] of model) assert.strictEqual(table.get(id), one)
      const ids = (asks: Iterable<Transport.Ask>) => Array.from(asks, (one) => one.id).toSorted((a, b) => a - b)
      assert.deepStrictEqual(ids(table.all()), ids(model.values()))
      table.clear()
      assert.deepStrictEqual([table.size, table.all()], [0, []])
    })
  }
})
