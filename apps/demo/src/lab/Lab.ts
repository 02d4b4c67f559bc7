/**
 * The lab: an embedded network on loopback. A name server and some hundred hosts with real TCP services, a few of them
 * broken on purpose, all decided by a seed. It needs neither the internet nor root.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Authority from "./Authority.ts"
import type { LabError } from "./LabError.ts"
import * as NameServer from "./NameServer.ts"
import * as Plan from "./Plan.ts"
import * as Services from "./Services.ts"
import * as Zone from "./Zone.ts"

export interface Options extends Plan.Options {
  /** Where the name server listens; default `<network>.0.53`. */
  readonly nameServerAddress?: string
  /** Default 0: one that is free. */
  readonly nameServerPort?: number
  /** The day that certificates count from; default now. */
  readonly today?: Date
  /** Milliseconds before the name server answers. */
  readonly nameLatency?: number
  /** Whether the hosts' services are somebody else's: then it is the name server alone. Default false. */
  readonly namesOnly?: boolean
  /** Share of datagrams to the name server that are lost, 0 to 1. */
  readonly loss?: number
}

export interface Lab {
  readonly plan: Plan.Plan
  readonly nameServer: NameServer.NameServer
  /** Who has issued the certificates. */
  readonly authority: Authority.Authority
}

/** Builds the lab; closing the scope takes it down with all of its connections. */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<Lab, LabError, Scope.Scope> {
  const plan = Plan.make(options)
  const nameServer = yield* NameServer.listen({
    zones: Zone.make(plan),
    address: options.nameServerAddress ?? `${plan.network}.0.53`,
    port: options.nameServerPort ?? 0,
    seed: plan.seed,
    ...(options.loss === undefined ? {} : { loss: options.loss }),
    ...(options.nameLatency === undefined ? {} : { latency: options.nameLatency })
  })
  const authority = Authority.make(plan.seed, options.today ?? new Date(yield* Clock.currentTimeMillis))
  if (options.namesOnly !== true) yield* Services.listen(plan, authority)
  return { plan, nameServer, authority }
})
