import { assert, describe, it } from "@effect/vitest"
import { classes } from "#src/Codec"
import * as Copies from "#src/Copies"
import { copiedOctets } from "#src/limits"

const octets = copiedOctets
const filled = (length = octets): Uint8Array<ArrayBuffer> => new Uint8Array(length).map((_, i) => i)

/** What arrives of a value: `undefined` if it is not sent with copies. */
const arrives = (value: unknown): unknown => {
  const copies = Copies.of(value)
  return copies && structuredClone(copies.value, { transfer: [...copies.moved] })
}

describe("a large buffer", () => {
  for (const Class of classes) {
    it(`of ${Class.name} is copied once, and the copy moved`, () => {
      const value = new Class(filled().buffer)
      const copies = Copies.of(value)!
      assert.deepStrictEqual(copies.value, value)
      assert.deepStrictEqual(
        copies.moved.map((one) => one.byteLength),
        [octets]
      )
      assert.strictEqual((copies.value as Uint8Array).buffer, copies.moved[0])
      assert.notStrictEqual(copies.moved[0], value.buffer)
    })
  }

  it("is the sender's as before, whatever happens to the copy", () => {
    const sent = [1, { at: "here", deep: [filled(), filled().buffer] }, null, "text", undefined] as const
    const arrived = arrives(sent) as typeof sent
    assert.deepStrictEqual(arrived, structuredClone(sent))
    ;(arrived[1].deep[0] as Uint8Array).fill(0)
    assert.deepStrictEqual(sent[1].deep[0], filled())
    assert.strictEqual(sent[1].deep[1].byteLength, octets)
  })

  it("arrives as a structured clone does when it is a Buffer, or in an object without a prototype", () => {
    const sent = Object.assign(Object.create(null), { one: Buffer.from(filled().buffer), two: [] })
    assert.deepStrictEqual(arrives(sent), structuredClone(sent))
  })

  it("is of a view its own octets alone", () => {
    const view = filled(3 * octets).subarray(octets, 2 * octets)
    const { moved, value } = Copies.of([view])!
    assert.deepStrictEqual(value, [view])
    assert.strictEqual(moved[0]!.byteLength, octets)
  })
})

class Point {
  readonly x = 1
}

describe("left to a structured clone is", () => {
  const whole = filled()
  const sparse: Array<unknown> = [filled()]
  sparse[2] = 1
  const gone = filled()
  structuredClone(gone, { transfer: [gone.buffer] })
  const cyclic: Record<string, unknown> = { whole }
  cyclic["self"] = cyclic
  const others: Readonly<Record<string, unknown>> = {
    "what holds nothing large": [filled(octets - 1), "x".repeat(octets)],
    "a primitive": 1,
    "one buffer twice": [filled(), whole, whole],
    "two views of one buffer": [whole.subarray(0, 1), whole],
    "a cycle": cyclic,
    "a hole": sparse,
    "a hole at the end": Object.assign([filled()], { length: 2 }),
    "an array with properties of its own": Object.assign([filled()], { own: 1 }),
    "a hole that a property hides": Object.assign(sparse.slice(), { own: 2 }),
    "an own __proto__": [filled(), JSON.parse('{"__proto__":1}')],
    "shared memory": [filled(), new Uint8Array(new SharedArrayBuffer(octets))],
    "a buffer that can grow": [filled(), new ArrayBuffer(octets, { maxByteLength: 2 * octets })],
    "a moved view": [filled(), gone],
    "a moved buffer": [filled(), gone.buffer],
    "a class instance": [filled(), new Point()],
    "a map": new Map([[1, filled()]]),
    "a function": [filled(), () => 1],
    "a symbol": [filled(), Symbol.iterator],
    "what has many entries": [filled(), Array.from({ length: 65 }, (_, i) => i)],
    "what has many objects": [filled(), Array.from({ length: 32 }, () => ({}))]
  }
  for (const [what, value] of Object.entries(others)) {
    it(what, () => {
      assert.isUndefined(Copies.of(value))
    })
  }
})
