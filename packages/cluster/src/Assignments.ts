/**
 * Which runners there are, and which of the engine's shards each of them serves: seen from where this process stands.
 *
 * The engine keeps its own view to itself, so this one is made as the engine makes it: from the runners in its storage,
 * by the same hash ring. It is what a page shows, and what messages are sized by; routing stays the engine's. A view
 * that is a second old sizes a message a little wrong, and does no harm beyond that.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashRing from "effect/HashRing"
import * as Layer from "effect/Layer"
import type * as Runner from "effect/cluster/Runner"
import type * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Outage from "./Outage.ts"

/** A runner that is registered. */
export interface RunnerView {
  /** As `127.0.0.1:7001`. */
  readonly address: string
  /** False once others could not reach it; then it serves no shards. */
  readonly isHealthy: boolean
  readonly shards: number
}

/** All runners and their shards at one moment. */
export interface View {
  /** In the order of their addresses. */
  readonly runners: ReadonlyArray<RunnerView>
  /** For each shard, in order, the place of its runner in `runners`; empty while there is no healthy runner. */
  readonly owners: ReadonlyArray<number>
}

export class Assignments extends Context.Service<
  Assignments,
  {
    /** The latest view; another object when it has changed. */
    readonly view: () => View
  }
>()("@handoff/cluster/Assignments") {}

const soon = Duration.millis(50)

const nobody: View = { runners: [], owners: [] }

/** Pure: the view that follows from the registered runners. */
export const viewOf = (registered: ReadonlyArray<readonly [Runner.Runner, boolean]>, shards: number): View => {
  const sorted = registered
    .map(([runner, isHealthy]) => ({ runner, isHealthy, address: format(runner.address) }))
    .toSorted((a, b) => (a.address < b.address ? -1 : 1))
  const ring = HashRing.make<RunnerAddress.RunnerAddress>()
  for (const { isHealthy, runner } of sorted) {
    if (isHealthy) HashRing.add(ring, runner.address, { weight: runner.weight })
  }
  const places = new Map(sorted.map(({ address }, place) => [address, place]))
  const owners = (HashRing.getShards(ring, shards) ?? []).map((owner) => places.get(format(owner))!)
  const counts = sorted.map(() => 0)
  for (const owner of owners) counts[owner]!++
  return {
    runners: sorted.map(({ address, isHealthy }, place) => ({ address, isHealthy, shards: counts[place]! })),
    owners
  }
}

const format = (address: RunnerAddress.RunnerAddress): string =>
  address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`

/** Looks as often as the engine does. While storage is away the last view stays, and it is said once. */
export const layer: Layer.Layer<Assignments, never, RunnerStorage.RunnerStorage | ShardingConfig.ShardingConfig> =
  Layer.effect(
    Assignments,
    Effect.gen(function* () {
      const storage = yield* RunnerStorage.RunnerStorage
      const config = yield* ShardingConfig.ShardingConfig
      let view = nobody
      let seen = ""
      const look = Outage.told(
        Effect.map(storage.getRunners, (registered) => {
          const now = registered.map(([runner, isHealthy]) => `${runner.toString()} ${isHealthy}`).join()
          if (now === seen) return
          seen = now
          view = viewOf(registered, config.shardsPerGroup)
        })
      )
      yield* look
      // A runner of this very process registers a moment after this; the engine's own first look comes as late.
      const interval = Duration.fromInputUnsafe(config.refreshAssignmentsInterval)
      const pause = Effect.suspend(() => Effect.sleep(view === nobody ? Duration.min(interval, soon) : interval))
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(pause, look)))
      return Assignments.of({ view: () => view })
    })
  )
