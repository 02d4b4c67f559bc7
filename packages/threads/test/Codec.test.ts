import { assert, describe, it } from "@effect/vitest"
import { Codec } from "#src/Codec"
import * as Histogram from "#src/Histogram"

const octets = 4096
const codec = new Codec(new SharedArrayBuffer(octets))
const trip = (value: unknown): { readonly ok: boolean; readonly value?: unknown } =>
  codec.write(value, 2, octets / 4) ? { ok: true, value: codec.read(2) } : { ok: false }

describe("the codec of small values", () => {
  const values: ReadonlyArray<unknown> = [
    0,
    -0,
    1,
    -1,
    2 ** 27 - 1,
    2 ** 27,
    -(2 ** 27),
    -(2 ** 31),
    2 ** 31,
    0.1,
    Number.NaN,
    Infinity,
    Number.MAX_VALUE,
    "",
    "ascii",
    "grün",
    "日本 and \ud800 alone",
    "x".repeat(1000),
    "ü".repeat(1000),
    true,
    false,
    null,
    undefined,
    12n,
    -(2n ** 63n),
    [],
    [1, [2, [3]], "four"],
    { a: { b: { c: [null, undefined] } } },
    { ["__proto__"]: 1, "": 2 },
    new Date(86_400_000),
    new Date(Number.NaN),
    new Uint8Array([1, 2, 3]),
    new Float64Array([0.1, -0.1]),
    new BigInt64Array([5n]),
    new Uint8Array([1, 2, 3, 4]).buffer,
    new Uint8Array([9, 8, 7, 6]).subarray(1, 3)
  ]
  for (const value of values) {
    it(`gives what a structured clone gives: ${typeof value} ${Object.prototype.toString.call(value)} ${String(value).slice(0, 20)}`, () => {
      const { ok, value: back } = trip(value)
      assert.isTrue(ok)
      assert.deepStrictEqual(back, structuredClone(value))
      assert.isTrue(typeof value !== "number" || Object.is(back, value))
    })
  }

  class Point {
    readonly x = 1
  }
  const shared = { one: 1 }
  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic
  const sparse: Array<unknown> = []
  sparse[3] = 1
  const moved = new Uint8Array(4)
  structuredClone(moved, { transfer: [moved.buffer] })
  const others: Readonly<Record<string, unknown>> = {
    "an array with properties of its own": /b(?<c>.)/.exec("abc"),
    "an array that holds such a one": [Object.assign([1], { own: 2 })],
    "a hole that a property hides": Object.assign(sparse.slice(), { own: 2, other: 3, third: 4 }),
    "a moved view": moved,
    "a moved buffer": moved.buffer,
    "a buffer that can grow": new ArrayBuffer(4, { maxByteLength: 8 }),
    "a class instance": new Point(),
    "a map": new Map(),
    "an error": new Error("x"),
    "a function": () => 1,
    "one object twice": [shared, shared],
    "a cycle": cyclic,
    "a sparse array": sparse,
    "a large bigint": 2n ** 70n,
    "shared memory": new Uint8Array(new SharedArrayBuffer(4)),
    "too much": "x".repeat(octets),
    "too many": Array.from({ length: octets }, (_, i) => i)
  }
  for (const [what, value] of Object.entries(others)) {
    it(`leaves ${what} to a structured clone`, () => {
      assert.isFalse(trip(value).ok)
      // And is not confused by it.
      assert.deepStrictEqual(trip([1, "two"]), { ok: true, value: [1, "two"] })
    })
  }

  it("takes a call's arguments for what they are, whatever else their array has", () => {
    const args = Object.assign([1, [2], { three: 3 }], { own: 4 })
    assert.isTrue(codec.writeArguments(args, 2, octets / 4))
    assert.deepStrictEqual(codec.read(2), [1, [2], { three: 3 }])
    assert.isFalse(codec.writeArguments([args], 2, octets / 4))
    const itself: Array<unknown> = []
    itself.push(itself)
    assert.isFalse(codec.writeArguments(itself, 2, octets / 4))
  })

  it("never writes beyond its end", () => {
    const words = new Int32Array(new SharedArrayBuffer(256))
    const narrow = new Codec(words.buffer)
    for (let end = 3; end < 40; end++) {
      words.fill(-7)
      for (const value of [...values, ...Object.values(others)]) narrow.write([value, value, { value }], 2, end)
      for (let i = end; i < words.length; i++) assert.strictEqual(words[i], -7)
    }
  })
})

describe("the histogram", () => {
  it("gives percentiles that are right to a quarter", () => {
    const counts = new Int32Array(Histogram.buckets)
    for (let i = 1; i <= 10_000; i++) counts[Histogram.bucketOf(i)]!++
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      assert.closeTo(Histogram.percentile(counts, share), share * 10_000, share * 2_600)
    }
    assert.strictEqual(Histogram.percentile(new Int32Array(Histogram.buckets), 0.5), 0)
  })
})
