import { assert, describe, it } from "@effect/vitest"
import { Cluster, Journal } from "@handoff/cluster"
import { Direct, Task } from "@handoff/core"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Engine } from "./support/Engine.ts"
import { Halve, halve } from "./support/halving.ts"

class Waiting extends Task.make("Waiting", { payload: {} }) {}

describe("the layer", () => {
  it.live("gives the executor as a service, and answers what is outstanding when it goes", () =>
    Effect.gen(function* () {
      const engine = new Engine()
      yield* engine.start({
        kinds: [Halve, Waiting],
        executor: yield* Direct.make([halve, Direct.handle(Waiting, () => Effect.never)])
      })
      const layer = Cluster.layer<Halve | Waiting>({ kinds: [Halve, Waiting], name: "far", partitions: 1 })
      const waiting = yield* Effect.gen(function* () {
        const executor = yield* Cluster.ClusterExecutor
        assert.strictEqual(executor.name, "far")
        assert.strictEqual(yield* executor.run(new Halve({ n: 84 })), 42)
        return yield* Effect.forkDetach(Effect.flip(executor.run(new Waiting())), { startImmediately: true })
      }).pipe(Effect.provide(Layer.provide(layer, engine.layer)))
      assert.deepInclude(yield* Fiber.join(waiting), { _tag: "Lost", executor: "far", how: "closed" })
    }).pipe(Effect.provide(Journal.layerMemory), Effect.scoped)
  )
})

describe("the numbers", () => {
  it.live("are read from configuration, each with its own name", () =>
    Effect.gen(function* () {
      const engine = new Engine()
      const layer = Cluster.layerConfig<Halve>(
        { kinds: [Halve] },
        { outstanding: Config.Int("OUTSTANDING"), partitions: Config.Int("PARTITIONS") }
      ).pipe(Layer.provide(engine.layer))
      const configured = (env: Record<string, string>) =>
        Effect.provideService(
          Effect.exit(Layer.build(layer)),
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({ env })
        )
      const built = yield* configured({ OUTSTANDING: "2", PARTITIONS: "8" })
      const executor = Context.get(
        Exit.isSuccess(built) ? built.value : (Context.empty() as never),
        Cluster.ClusterExecutor
      )
      yield* Effect.forEach([1, 2], (n) => Effect.forkChild(executor.run(new Halve({ n })), { startImmediately: true }))
      const refused = yield* Effect.flip(executor.run(new Halve({ n: 3 })))
      assert.deepInclude(refused, { _tag: "Overloaded", limit: 2 })
      assert.match(String(yield* configured({ OUTSTANDING: "two", PARTITIONS: "8" })), /ConfigError/)
    }).pipe(Effect.scoped)
  )
})
