/** This process as a member of a cluster with a database: a runner, or a submitter. */
import { Cluster } from "@handoff/cluster"
import { layerRunner, layerSubmitter, type RunnerOptions } from "@handoff/cluster/postgres"
import type { Executor } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Terminal from "../output/Terminal.ts"
import { Trouble } from "../program/Trouble.ts"
import { kinds } from "./kinds.ts"
import * as MemberLog from "./MemberLog.ts"

type Any = Executor.Executor<any>

/** Hands tasks to the runners that share a database; says so if there is none yet, for then tasks wait for one. */
export const submitter = ({ database }: { readonly database: string }): Effect.Effect<Any, Trouble, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* build(layerSubmitter({ url: database }))
    const executor = yield* Effect.provideContext(Cluster.make<any>({ kinds, name: "cluster" }), context)
    const { extra } = yield* executor.stats
    if (extra["runners"] === 0) {
      yield* Terminal.note("handoff: no runner is there yet, tasks wait for one: start it with `handoff runner`")
    }
    return executor
  })

/** Runs tasks of whoever shares the database, until the scope closes. */
export const runner = (options: Omit<RunnerOptions, "kinds">): Effect.Effect<void, Trouble, Scope.Scope> =>
  Effect.asVoid(build(layerRunner({ ...options, kinds })))

const build = <A>(layer: Layer.Layer<A, { readonly message: string }>) =>
  Layer.build(Layer.provide(layer, MemberLog.layer)).pipe(
    Effect.mapError((cause) => new Trouble({ what: `the cluster cannot be joined: ${cause.message}`, cause }))
  )
