import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Columns from "#src/Columns"
import { type AnswerFrame, pack, type TaskFrame, unpackAnswers, unpackTasks } from "#src/Wire"

describe("values as columns", () => {
  it("are columns where all have the same fields", () => {
    const values = [1, 2, 3].map((n) => ({ n, text: `t${n}` }))
    assert.deepStrictEqual(Columns.of(values), {
      names: ["n", "text"],
      columns: [
        [1, 2, 3],
        ["t1", "t2", "t3"]
      ]
    })
  })

  const lists: ReadonlyArray<[string, ReadonlyArray<unknown>]> = [
    ["none", []],
    ["no objects", [1, "a", null, undefined]],
    ["objects of other fields", [{ a: 1 }, { b: 1 }]],
    ["objects with a field more", [{ a: 1 }, { a: 1, b: 1 }]],
    ["objects with a field less", [{ a: 1, b: 1 }, { a: 1 }]],
    ["objects without fields", [{}, {}]],
    ["objects and something else", [{ a: 1 }, 1]],
    ["maps", [new Map([[1, 2]]), new Map()]],
    ["octets", [new Uint8Array([1]), new Uint8Array(0)]],
    ["objects with a field that assignment would not make one", [JSON.parse('{"__proto__":1}')]]
  ]
  for (const [what, values] of lists) {
    it(`stay a list where they are not: ${what}`, () => {
      assert.deepStrictEqual(Columns.of(values), { list: values })
      assert.deepStrictEqual(Columns.toArray(Columns.of(values)), values)
    })
  }
})

describe("frames", () => {
  it("arrive as they were packed: octets, maps, dates, and what is not there", () => {
    const args = [new Uint8Array([1, 2]), new Map([["a", new Date(0)]]), new Float32Array([0.5]), undefined, null, 10n]
    const frames: ReadonlyArray<TaskFrame> = [
      [7, "Call", { module: "m", args }],
      [8, "Call", { module: "m", args: [] }],
      [9, "Other", undefined]
    ]
    assert.deepStrictEqual(unpackTasks(pack(frames)), frames)
    assert.deepStrictEqual(unpackTasks(pack(frames.slice(0, 2))), frames.slice(0, 2))
    assert.deepStrictEqual(unpackTasks(pack([])), [])
  })

  const Value = Schema.Union([
    Schema.Number,
    Schema.String,
    Schema.Null,
    Schema.Struct({ n: Schema.Number, text: Schema.optionalKey(Schema.String) }),
    Schema.Array(Schema.Union([Schema.Number, Schema.Boolean]))
  ])
  const How = Schema.Literals(["A", "E", "X", "D"])
  it.prop(
    "whatever they hold",
    { answers: Arbitrary.schema(Schema.Array(Schema.Tuple([Schema.Int, How, Value]))) },
    ({ answers }) => {
      const frames: ReadonlyArray<AnswerFrame> = answers
      assert.deepStrictEqual(unpackAnswers(pack(frames)), frames)
      const alike = frames.map(([id]): AnswerFrame => [id, "A", { n: id }])
      assert.deepStrictEqual(unpackAnswers(pack(alike)), alike)
      return true
    }
  )
})
