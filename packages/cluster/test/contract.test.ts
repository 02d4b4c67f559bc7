import { afterAll, beforeAll, describe } from "@effect/vitest"
import { Cluster, Embedded } from "@handoff/cluster"
import { layerRunner, layerSubmitter } from "@handoff/cluster/postgres"
import { Call, Direct, Task } from "@handoff/core"
import { contract } from "@handoff/testing"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type * as Sharding from "effect/cluster/Sharding"
import { Halve, halve } from "./support/halving.ts"
import * as Postgres from "./support/Postgres.ts"

/** Must not run twice: goes the way of a permission to start. */
class Never extends Task.make("Never", { payload: { n: Schema.Int } }) {}

type Tasks = Halve | Never

const kinds = [Halve, Never]

const local = Direct.make([halve, Direct.handle(Never, () => Effect.never)])

const embedded = (durable: ReadonlyArray<"Halve" | "Never">) =>
  Effect.flatMap(local, (executor) => Embedded.make<Tasks>({ kinds, executor, durable }))

const samples = {
  succeed: (index: number) => ({ task: new Halve({ n: 2 * index }), value: index }),
  fail: (index: number) => ({ task: new Halve({ n: 2 * index + 1 }), failure: "Odd" }),
  never: (index: number) => new Never({ n: index }),
  unsupported: new Call({ module: "nowhere", function: "nothing", args: [] })
}

/** The engine keeps every message of a durable kind in its storage, so a durable task costs more; fewer will do. */
const fewer = { ...samples, tasks: 300, seeds: [1, 2] }

contract<Tasks>("an embedded cluster, volatile,", embedded([]), samples)
contract<Tasks>("an embedded cluster, durable,", embedded(["Halve", "Never"]), fewer)

if (Postgres.absent !== undefined) console.log(`not run: ${Postgres.absent}`)

describe.skipIf(Postgres.absent !== undefined)("over PostgreSQL and sockets,", () => {
  let database: Postgres.Server
  let submitter: Context.Context<Sharding.Sharding>
  const scope = Scope.makeUnsafe()

  beforeAll(async () => {
    database = await Postgres.start()
    const { url } = database
    const port = await Postgres.freePort()
    submitter = await Effect.runPromise(
      Effect.gen(function* () {
        const executor = yield* Scope.provide(local, scope)
        // Each has an engine of its own, as in two processes: they speak over the socket and the database alone.
        yield* Layer.buildWithScope(layerRunner({ url, host: "127.0.0.1", port, kinds, executor }), scope)
        return yield* Layer.buildWithScope(layerSubmitter({ url }), scope)
      })
    )
  })

  afterAll(async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await database.stop()
  })

  /** A submitter is there only once the tests have begun. */
  const engine = Layer.unwrap(Effect.sync(() => Layer.succeedContext(submitter)))
  const make = (durable: ReadonlyArray<"Halve" | "Never">) => ({
    service: Cluster.ClusterExecutor,
    layer: Cluster.layer<Tasks>({ kinds, durable }).pipe(Layer.provide(engine))
  })

  contract<Tasks>("a cluster, volatile,", make([]), samples)
  contract<Tasks>("a cluster, durable,", make(["Halve", "Never"]), fewer)
})
