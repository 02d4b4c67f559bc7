import { assert, describe, it } from "@effect/vitest"
import { Embedded, map } from "@handoff/cluster"
import { Call, CallError, Direct } from "@handoff/core"
import * as Effect from "effect/Effect"
import { batchSize } from "#src/Granularity"
import { chunkSize } from "#src/map"

const module = new URL("./support/triple.ts", import.meta.url).href

/** A cluster whose runner calls functions itself; threads do it in earnest. */
const cluster = Effect.gen(function* () {
  const executor = yield* Direct.make([
    Direct.handle(Call, (call) =>
      Effect.tryPromise({
        try: async () => (await import(/* @vite-ignore */ call.module))[call.function](...call.args) as unknown,
        catch: (error) =>
          new CallError({
            module: call.module,
            function: call.function,
            errorName: (error as Error).name,
            errorMessage: (error as Error).message
          })
      })
    )
  ])
  return yield* Embedded.make<Call>({ kinds: [Call], executor })
})

describe("a function over many items", () => {
  it.live("gives results in order, in far fewer tasks than items", () =>
    Effect.gen(function* () {
      const executor = yield* cluster
      const items = Array.from({ length: 20_000 }, (_, n) => n)
      const out = yield* map<number>(executor, { module, function: "triple", items, concurrency: 4 })
      assert.deepStrictEqual(
        out,
        items.map((n) => 3 * n)
      )
      const { done } = yield* executor.stats
      assert.isBelow(done, 200)
    })
  )

  it.live("gives what a function's promises resolve to", () =>
    Effect.gen(function* () {
      const items = [1, 2, 3]
      assert.deepStrictEqual(yield* map<number>(yield* cluster, { module, function: "later", items }), [3, 6, 9])
    })
  )

  it.live("of no items gives none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* map(yield* cluster, { module, function: "triple", items: [] }), [])
    })
  )

  it.live("fails as the function does", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(map(yield* cluster, { module, function: "fail", items: [7] }))
      assert.strictEqual(error._tag === "CallError" && error.errorMessage, "not 7")
    })
  )
})

describe("the size of a chunk", () => {
  const usual = { left: 1_000_000, lanes: 32, aim: 50 }

  it("is few items at first, then what takes as long as is aimed at", () => {
    assert.strictEqual(chunkSize({ ...usual, itemMilliseconds: undefined }), 8)
    assert.strictEqual(chunkSize({ ...usual, itemMilliseconds: 0.01 }), 5_000)
    assert.strictEqual(chunkSize({ ...usual, itemMilliseconds: 10 }), 5)
    assert.strictEqual(chunkSize({ ...usual, itemMilliseconds: 1_000 }), 1)
  })

  it("shrinks towards the end, and is never nothing nor more than there is", () => {
    assert.strictEqual(chunkSize({ ...usual, left: 640, itemMilliseconds: 1 }), 10)
    assert.strictEqual(chunkSize({ ...usual, left: 1, itemMilliseconds: 0 }), 1)
    assert.strictEqual(chunkSize({ ...usual, left: 3, itemMilliseconds: undefined }), 1)
  })
})

describe("the size of the last chunks", () => {
  it("is a tenth of what is aimed at, at least", () => {
    const nearEnd = { left: 640, lanes: 32, aim: 50 }
    assert.strictEqual(chunkSize({ ...nearEnd, itemMilliseconds: 0.01 }), 500)
    assert.strictEqual(chunkSize({ ...nearEnd, left: 300, itemMilliseconds: 0.01 }), 300)
    assert.strictEqual(chunkSize({ ...nearEnd, itemMilliseconds: 100 }), 1)
  })
})

describe("the size of a message", () => {
  it("shares what waits out over the runners, two messages for each, up to its limit", () => {
    assert.strictEqual(batchSize({ waiting: 1_000, runners: 1, limit: 256 }), 256)
    assert.strictEqual(batchSize({ waiting: 1_000, runners: 4, limit: 256 }), 125)
    assert.strictEqual(batchSize({ waiting: 10, runners: 4, limit: 256 }), 2)
    assert.strictEqual(batchSize({ waiting: 1, runners: 64, limit: 256 }), 1)
  })
})
