/**
 * A cluster of one runner in this process, with storage in memory: to try the strategy, and to test what runs on it.
 * Durable kinds work, and live as long as the process.
 */
import type { Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Assignments from "./Assignments.ts"
import { type Cluster, make as makeCluster, type Options } from "./Cluster.ts"
import * as Journal from "./Journal.ts"
import * as Runner from "./Runner.ts"

/** The engine, in memory. */
export const layerEngine: Layer.Layer<Sharding.Sharding | Assignments.Assignments | MessageStorage.MemoryDriver> =
  Sharding.layer.pipe(
    Layer.provideMerge(Runners.layerNoop),
    Layer.provideMerge(MessageStorage.layerMemory),
    Layer.provideMerge(Assignments.layer),
    Layer.provide([RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
    Layer.provide(
      ShardingConfig.layer({
        // Nothing leaves the process, so nothing need be encoded twice.
        simulateRemoteSerialization: false,
        entityMailboxCapacity: "unbounded",
        // There is no other runner to hand unfinished work to, so there is nothing to wait for.
        entityTerminationTimeout: "100 millis"
      })
    )
  )

/** A journal in memory that forgets in the engine's storage, too: the engine keeps all messages and replies for ever. */
const layerJournal: Layer.Layer<Journal.Journal, never, MessageStorage.MemoryDriver> = Layer.effect(
  Journal.Journal,
  Effect.map(MessageStorage.MemoryDriver, ({ journal, replyIds, requests, requestsByPrimaryKey, unprocessed }) =>
    Journal.makeMemory((batch) => {
      const entry = requestsByPrimaryKey.get(batch)
      if (entry === undefined) return
      requestsByPrimaryKey.delete(batch)
      requests.delete(entry.envelope.requestId)
      unprocessed.delete(entry.envelope)
      for (const { id } of entry.replies) replyIds.delete(id)
      const place = journal.indexOf(entry.envelope)
      if (place >= 0) journal.splice(place, 1)
    })
  )
)

/** A cluster whose one runner runs on the given local executor. */
export const make = <T extends Task.Any>(
  options: Options<T> & Pick<Runner.Options, "executor" | "concurrency">
): Effect.Effect<Cluster<T>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runner = Runner.layer(options).pipe(Layer.provide(layerJournal), Layer.provideMerge(layerEngine))
    const context = yield* Layer.build(runner)
    return yield* makeCluster(options).pipe(Effect.provideContext(context))
  })
