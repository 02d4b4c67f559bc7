/** The lab's name server: that of `@handoff/dns`, with the lab's zones, as slow and lossy as asked for. */
import { Server } from "@handoff/dns/server"
import type { ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { LabError } from "./LabError.ts"
import * as limits from "./limits.ts"
import { random } from "./random.ts"

export interface Options {
  readonly zones: ZoneStore
  readonly address: string
  /** 0: one that is free. */
  readonly port: number
  /** Milliseconds before an answer; default `limits.nameLatency`. */
  readonly latency?: number
  /** Share of datagrams that are lost on their way, 0 to 1; which ones, the seed decides. Default 0. */
  readonly loss?: number
  readonly seed?: number
}

/** Where it listens. */
export interface NameServer {
  readonly address: string
  readonly port: number
}

/** Opens the server; closing the scope closes it and its connections. */
export const listen = (options: Options): Effect.Effect<NameServer, LabError, Scope.Scope> => {
  const { address, latency = limits.nameLatency.default, loss = 0, port, zones } = options
  const next = random(options.seed ?? limits.seed.default)
  return Server.make({
    zones,
    host: address,
    port,
    connectionIdle: limits.idleSeconds * 1_000,
    // A secret would be one thing in the lab that no seed decides.
    cookieSecrets: false,
    delay: ({ transport }) => (transport === "udp" && loss > 0 && next() < loss ? Infinity : latency)
  }).pipe(
    Effect.map((server) => ({ address, port: server.port })),
    Effect.mapError(
      ({ cause }) =>
        new LabError({
          where: `${address}:${port}`,
          code: (cause as NodeJS.ErrnoException | undefined)?.code ?? "UNKNOWN",
          cause
        })
    )
  )
}
