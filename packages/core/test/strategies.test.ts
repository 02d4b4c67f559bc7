import { assert, describe, it } from "@effect/vitest"
import { Call, Direct, type Executor, LookupHost, Section, Setting, Source, Strategies } from "@handoff/core"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

const settings = (name: string) =>
  Section.define(name, {
    size: Setting.integer({ default: 1, min: 1, max: 9, unit: "threads", reason: "enough" })
  })

const call = new Call({ module: "file:///m.js", function: "f", args: [] })

/** A strategy whose calls answer with its name and size once the gate opens, and that notes when it is closed. */
const strategy = (name: string, gate: Deferred.Deferred<void>, closed: Array<string>) =>
  Strategies.define(settings(name), ({ size }) =>
    Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(() => closed.push(`${name} ${size}`)))
      return yield* Direct.make([
        Direct.handle(Call, () => Effect.as(Deferred.await(gate), `${name} ${size}`)),
        Direct.handle(LookupHost, () => Effect.die("not asked"))
      ])
    })
  )

const prepare = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const closed: Array<string> = []
  const code = { value: { executor: "a", a: { size: 1 } } as unknown }
  const assembly = yield* Strategies.make([strategy("a", gate, closed), strategy("b", gate, closed)], {
    sources: Effect.sync(() => [Source.code(code.value)])
  })
  return { assembly, closed, code, gate }
})

describe("strategies under one configuration", () => {
  it.effect("only those that the configuration names are made", () =>
    Effect.gen(function* () {
      const { assembly } = yield* prepare
      assert.deepStrictEqual(yield* assembly.running, ["a"])
      assert.strictEqual(assembly.router.explain("Call").chosen, "a")
    })
  )

  it.effect("a changed setting swaps the strategy: old tasks finish on the old one, new ones run on the new", () =>
    Effect.gen(function* () {
      const { assembly, closed, code, gate } = yield* prepare
      const old = yield* Effect.forkChild(assembly.router.run(call), { startImmediately: true })
      code.value = { executor: "a", a: { size: 2 } }
      assert.deepStrictEqual(yield* assembly.reload, ["a"])
      const fresh = yield* Effect.forkChild(assembly.router.run(call), { startImmediately: true })
      assert.deepStrictEqual(closed, [])
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual([yield* Fiber.join(old), yield* Fiber.join(fresh)], ["a 1", "a 2"])
      yield* Effect.yieldNow
      assert.deepStrictEqual(closed, ["a 1"])
    })
  )

  it.effect("a strategy no longer named is closed after its last task", () =>
    Effect.gen(function* () {
      const { assembly, closed, code, gate } = yield* prepare
      const old = yield* Effect.forkChild(assembly.router.run(call), { startImmediately: true })
      code.value = { executor: "b" }
      yield* assembly.reload
      assert.deepStrictEqual(yield* assembly.running, ["b"])
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(old), "a 1")
      assert.strictEqual(yield* assembly.router.run(call), "b 1")
      yield* Effect.yieldNow
      assert.deepStrictEqual(closed, ["a 1"])
    })
  )

  it.effect("a configuration that is wrong changes nothing", () =>
    Effect.gen(function* () {
      const { assembly, closed, code, gate } = yield* prepare
      yield* Deferred.succeed(gate, undefined)
      code.value = { executor: "a", a: { size: 10 }, c: 1 }
      const wrong = yield* Effect.flip(assembly.reload)
      assert.strictEqual(wrong._tag, "SettingsError")
      code.value = { executor: "a,nobody" }
      const unknown = yield* Effect.flip(assembly.reload)
      assert.strictEqual(unknown.message, 'preference names the executor "nobody"; there are a, b')
      assert.deepStrictEqual(closed, [])
      assert.strictEqual(yield* assembly.router.run(call), "a 1")
    })
  )

  it.effect("an unchanged configuration makes nothing anew", () =>
    Effect.gen(function* () {
      const { assembly } = yield* prepare
      assert.deepStrictEqual(yield* assembly.reload, [])
    })
  )

  it.effect("a strategy alone is a layer that reads its own section", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      yield* Deferred.succeed(gate, undefined)
      const closed: Array<string> = []
      class Calls extends Context.Service<Calls, Executor.Executor<Call<any> | LookupHost>>()("test/Calls") {}
      const layer = (a: unknown) =>
        Strategies.layerConfig(Calls, strategy("a", gate, closed), [Source.code({ a, other: 1 })])
      const ask = Calls.use((calls) => calls.run(call))
      assert.strictEqual(yield* ask.pipe(Effect.provide(layer({ size: 3 }))), "a 3")
      assert.deepStrictEqual(closed, ["a 3"])
      const error = yield* Effect.flip(ask.pipe(Effect.provide(layer({ size: "many" }))))
      assert.strictEqual(error._tag, "SettingsError")
    })
  )

  it.live("a thousand tasks go through twenty swaps without one being lost", () =>
    Effect.gen(function* () {
      const make = Strategies.define(settings("a"), () =>
        Direct.make([Direct.handle(Call, (task) => Effect.as(Effect.sleep(1), task.args[0]))])
      )
      const code = { size: 1 }
      const { reload, router } = yield* Strategies.make([make], {
        sources: Effect.sync(() => [Source.code({ a: { size: code.size } })])
      })
      const swaps = Effect.gen(function* () {
        for (let i = 0; i < 20; i++) {
          code.size = (i % 9) + 1
          yield* reload
          yield* Effect.sleep(1)
        }
      })
      const fiber = yield* Effect.forkChild(swaps)
      const answers = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, i) => i),
        (i) => router.run(new Call<number>({ module: "file:///m.js", function: "f", args: [i] })),
        { concurrency: 32 }
      )
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        answers,
        Array.from({ length: 1000 }, (_, i) => i)
      )
    })
  )
})
