/** A submitter process that a test may kill: `submitter.ts <url> <file> <gate> <count> [durable]` hands tasks off, once. */
import { NodeRuntime } from "@effect/platform-node"
import { Cluster } from "@handoff/cluster"
import { layerSubmitter } from "@handoff/cluster/postgres"
import * as Effect from "effect/Effect"
import { WaitOnce } from "./kinds.ts"

const [, , url, file, gate, count, durable] = process.argv

const program = Effect.gen(function* () {
  const executor = yield* Cluster.make<WaitOnce>({
    kinds: [WaitOnce],
    durable: durable === undefined ? [] : ["WaitOnce"]
  })
  yield* Effect.forEach(
    Array.from({ length: Number(count) }, (_, n) => n),
    (n) => executor.run(new WaitOnce({ n, milliseconds: 0, file: file!, until: gate! })),
    { concurrency: "unbounded" }
  )
}).pipe(Effect.provide(layerSubmitter({ url: url! })), Effect.scoped)

NodeRuntime.runMain(program)
