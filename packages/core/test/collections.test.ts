/** The two lists inside, against plain arrays that do the same. */
import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { Fifo, type Node } from "#internal/Fifo"
import { Ring } from "#internal/Ring"

/** Zero: shift. Otherwise: push so many. */
const steps = Arbitrary.schema(Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))))

it.prop("a ring is a queue", [steps], ([steps]) => {
  const ring = new Ring<number>()
  const model: Array<number> = []
  let next = 0
  for (const step of steps) {
    for (let i = 0; i < step; i++) {
      ring.push(next)
      model.push(next++)
    }
    for (let i = 0; i < (step === 0 ? 30 : 1); i++) {
      assert.strictEqual(ring.peek(), model[0])
      assert.strictEqual(ring.shift(), model.shift())
    }
    assert.strictEqual(ring.size, model.length)
  }
})

class Item implements Node {
  next: Node | undefined = undefined
  previous: Node | undefined = undefined
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
}

it.prop("a list gives up any of its nodes, once, and keeps the order of the rest", [steps], ([steps]) => {
  const list = new Fifo<Item>()
  const model: Array<Item> = []
  let next = 0
  for (const step of steps) {
    const item = new Item(next++)
    list.push(item)
    model.push(item)
    const victim = model[step]
    if (victim !== undefined) {
      model.splice(step, 1)
      assert.isTrue(list.remove(victim))
      assert.isFalse(list.remove(victim))
    }
    if (step % 3 === 0) assert.strictEqual(list.shift(), model.shift())
    assert.strictEqual(list.size, model.length)
    assert.strictEqual(list.peek(), model[0])
  }
})
