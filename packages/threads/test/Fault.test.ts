import { assert, describe, it } from "@effect/vitest"
import { runInNewContext } from "node:vm"
import * as Fault from "#src/Fault"

/** As it arrives: what is described must survive the way. */
const arrives = (thrown: unknown) => structuredClone(Fault.describe(thrown))

describe("an error's name", () => {
  class TooHot extends RangeError {}
  class Boiling extends TooHot {}
  class Http extends Error {
    override readonly name = "HttpError"
  }
  class Named extends Error {}
  Named.prototype.name = "TaggedName"
  class Below extends Named {}
  const cases: ReadonlyArray<readonly [Error, string]> = [
    [new Error("x"), "Error"],
    [new RangeError("x"), "RangeError"],
    [new TooHot("x"), "TooHot"],
    [new Boiling("x"), "Boiling"],
    [new Http("x"), "HttpError"],
    [new Named("x"), "TaggedName"],
    [new Below("x"), "TaggedName"],
    [new DOMException("x", "AbortError"), "AbortError"],
    [Object.assign(new Error("x"), { name: "Set" }), "Set"],
    [runInNewContext("new TypeError('x')") as Error, "TypeError"]
  ]
  for (const [error, name] of cases) {
    it(`is ${name}, whether its class sets it or not`, () => {
      const fault = arrives(error)
      assert.strictEqual(fault.name, name)
      assert.strictEqual(fault.message, "x")
      assert.include(fault.stack, "x")
    })
  }
})

describe("an error's own fields", () => {
  it("travel with it, each that can", () => {
    const error = Object.assign(new Error("x"), { code: 7, retry: () => 1, deep: { ok: [1], f: () => 1 } })
    assert.deepStrictEqual(arrives(error).fields, { code: 7, retry: "() => 1", deep: { ok: [1] } })
  })

  it("are the errors of an aggregate too, with their own class, cause and fields", () => {
    const inner = Object.assign(new RangeError("one", { cause: new TypeError("deep") }), { at: 1 })
    const fault = arrives(new AggregateError([inner, "two"], "all"))
    assert.strictEqual(fault.name, "AggregateError")
    const { errors } = fault.fields as { readonly errors: ReadonlyArray<any> }
    assert.deepInclude(errors[0], { name: "RangeError", message: "one", fields: { at: 1 } })
    assert.deepInclude(errors[0].cause, { name: "TypeError", message: "deep" })
    assert.strictEqual(errors[1], "two")
  })
})

describe("whatever is thrown is described", () => {
  const self = new Error("round and round")
  self.cause = self
  const aggregate: AggregateError = new AggregateError([], "wide")
  for (let i = 0; i < 100; i++) aggregate.errors.push(aggregate, self)
  let wide = new AggregateError([new Error("leaf")], "level")
  for (let i = 0; i < 7; i++)
    wide = new AggregateError(
      Array.from({ length: 100 }, () => wide),
      "level"
    )
  let long = new Error("end")
  for (let i = 0; i < 10_000; i++) long = new Error(`${i}`, { cause: long })
  const throwing = (key: string) =>
    Object.defineProperty(new Error("x"), key, {
      enumerable: true,
      get: () => {
        throw new Error("no")
      }
    })
  const locked = new Proxy(new Error("x"), {
    get: () => {
      throw undefined
    },
    getPrototypeOf: () => {
      throw undefined
    },
    ownKeys: () => {
      throw undefined
    }
  })
  const hostile: Readonly<Record<string, unknown>> = {
    undefined: undefined,
    null: null,
    "a symbol": Symbol("s"),
    "a function": () => 1,
    "a bigint": 1n,
    "no prototype": Object.create(null),
    "a frozen error": Object.freeze(new Error("x")),
    "its own cause": self,
    "an aggregate of itself": aggregate,
    "a hundred to the seventh errors that are few": wide,
    "a long chain": long,
    "a getter as name": throwing("name"),
    "a getter as message": throwing("message"),
    "a getter as stack": throwing("stack"),
    "a getter as cause": throwing("cause"),
    "a getter as constructor": throwing("constructor"),
    "a getter as field": throwing("field"),
    "a locked proxy": locked,
    "a revoked proxy": (() => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    })(),
    "a field named __proto__": Object.defineProperty(new Error("x"), "__proto__", { value: 1, enumerable: true })
  }
  for (const [what, thrown] of Object.entries(hostile)) {
    it(what, () => {
      const fault = arrives(thrown)
      assert.isString(fault.name)
      assert.isString(fault.message)
      assert.isBelow(JSON.stringify(fault, (_, value) => (typeof value === "bigint" ? 1 : value)).length, 1_000_000)
    })
  }
})
