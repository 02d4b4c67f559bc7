import { assert, describe, it } from "@effect/vitest"
import { Threads } from "@handoff/threads"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Bounds from "#src/Bounds"

const notWhole = [-1, 0.5, Number.NaN, -Infinity]
const notTime = [-1, Number.NaN, -Infinity]
const wrong: Readonly<Record<string, ReadonlyArray<number>>> = {
  minThreads: notWhole,
  maxThreads: [...notWhole, 0, 512, Infinity],
  callsPerThread: [...notWhole, 0, 4_097, Infinity],
  queueLimit: notWhole,
  recycleAfter: [...notWhole, 0],
  idleTimeout: notTime,
  startTimeout: notTime,
  stopTimeout: notTime
}

describe("a number out of its range", () => {
  for (const [name, values] of Object.entries(wrong)) {
    it.effect(`is refused by name: ${name}`, () =>
      Effect.gen(function* () {
        for (const value of values) {
          const options: Threads.Options = { minThreads: 0, [name]: value }
          const exit = yield* Effect.exit(Effect.scoped(Threads.make(options)))
          assert.isTrue(exit._tag === "Failure" && Cause.hasDies(exit.cause))
          assert.include(String(exit), `${name} is a `)
          assert.include(String(exit), `not ${value}`)
          const wrapped = { minThreads: Config.succeed(0), [name]: Config.Number("IT") } as Config.Wrap<Threads.Options>
          const env = ConfigProvider.layer(ConfigProvider.fromEnv({ env: { IT: String(value) } }))
          const error = yield* Effect.flip(Effect.scoped(Layer.build(Layer.provide(Threads.layerConfig(wrapped), env))))
          assert.strictEqual(error._tag, "ConfigError")
          assert.include(error.message, `${name} is a `)
        }
      })
    )
  }

  it.effect("is refused by name among V8's limits too", () =>
    Effect.gen(function* () {
      for (const value of [0, ...notTime, Infinity]) {
        const resourceLimits = { maxOldGenerationSizeMb: value }
        const exit = yield* Effect.exit(Effect.scoped(Threads.make({ minThreads: 0, resourceLimits })))
        assert.include(String(exit), `resourceLimits.maxOldGenerationSizeMb is a number above 0, not ${value}`)
      }
    })
  )

  it("as a priority is the nearest that is none", () => {
    const cases = [undefined, Number.NaN, 0, -3.5, Infinity, -Infinity, 1e9]
    assert.deepStrictEqual(cases.map(Bounds.priority), [0, 0, 0, -3.5, 1_000_000, -1_000_000, 1_000_000])
  })
})
