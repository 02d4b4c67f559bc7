/** A cluster of one runner in this process; loads nothing of databases and sockets. */
import { Embedded } from "@handoff/cluster"
import type { Executor } from "@handoff/core"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { kinds } from "./kinds.ts"

export const embedded = (executor: Executor.Executor<any>): Effect.Effect<Executor.Executor<any>, never, Scope.Scope> =>
  Embedded.make<any>({ kinds, executor, name: "cluster" })
