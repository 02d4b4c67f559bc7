import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as GroupCommit from "#src/GroupCommit"

/** Writes numbers, and notes which were written together; a group with a negative one fails. */
const writer = (options?: { readonly alone?: boolean; readonly isLarge?: (n: number) => boolean }) => {
  const groups: Array<ReadonlyArray<number>> = []
  const write = GroupCommit.make({
    together: (items: ReadonlyArray<number>) =>
      Effect.suspend(() => {
        groups.push(items)
        return items.some((n) => n < 0) ? Effect.fail("negative") : Effect.succeed(items.map((n) => n * 10))
      }),
    ...(options?.alone === true && {
      alone: (n: number) => (n < 0 ? Effect.fail(`${n} is negative`) : Effect.succeed(n * 10))
    }),
    ...(options?.isLarge !== undefined && { isLarge: options.isLarge })
  })
  const all = (items: ReadonlyArray<number>) =>
    Effect.forEach(items, (n) => Effect.exit(write(n)), { concurrency: "unbounded" })
  return { all, groups, write }
}

describe("a group commit", () => {
  it.effect("writes together what is asked for at once, and gives each its own result", () =>
    Effect.gen(function* () {
      const { all, groups, write } = writer()
      assert.deepStrictEqual(yield* all([1, 2, 3]), [10, 20, 30].map(Exit.succeed))
      assert.strictEqual(yield* write(4), 40)
      assert.deepStrictEqual(groups, [[1, 2, 3], [4]])
    })
  )

  it.effect("lets one that cannot be written fail alone", () =>
    Effect.gen(function* () {
      const { all } = writer({ alone: true })
      assert.deepStrictEqual(yield* all([1, -2, 3]), [Exit.succeed(10), Exit.fail("-2 is negative"), Exit.succeed(30)])
    })
  )

  it.effect("fails as a whole where nothing is to be tried alone", () =>
    Effect.gen(function* () {
      const { all } = writer()
      assert.deepStrictEqual(yield* all([1, -2]), [Exit.fail("negative"), Exit.fail("negative")])
    })
  )

  it.effect("writes what is large by itself", () =>
    Effect.gen(function* () {
      const { all, groups } = writer({ isLarge: (n) => n > 100 })
      yield* all([1, 200, 2, 300])
      assert.sameDeepMembers(groups, [[1, 2], [200], [300]])
    })
  )

  it.effect("leaves out who was interrupted before it began", () =>
    Effect.gen(function* () {
      const { groups, write } = writer()
      const [kept, given] = yield* Effect.forEach([1, 2], (n) => Effect.forkChild(write(n), { startImmediately: true }))
      yield* Fiber.interrupt(given!)
      assert.strictEqual(yield* Fiber.join(kept!), 10)
      assert.deepStrictEqual(groups, [[1]])
    })
  )
})
