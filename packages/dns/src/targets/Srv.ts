/** Where a service is, by SRV records: which server first, by priority and then by lot weighted as RFC 2782 says. */
import type { LookupError } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Shape } from "../Dns.ts"
import * as random from "../random.ts"
import * as Name from "../wire/Name.ts"

/** A place of the service: host, port, addresses. */
export interface Target {
  /** The server's name, with its final dot. */
  readonly host: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/**
 * The order in which to try the targets: lower priority first; within one, each draw takes a target with a chance in
 * proportion to its weight, and those of weight 0 rarely (RFC 2782, "Weight"). `draw` gives a number from 0 to 1.
 */
export const order = (targets: ReadonlyArray<Target>, draw: () => number = random.fraction): ReadonlyArray<Target> => {
  const ordered: Array<Target> = []
  const priorities = [...new Set(targets.map((target) => target.priority))].toSorted((a, b) => a - b)
  for (const priority of priorities) {
    const left = targets.filter((target) => target.priority === priority)
    // Those of weight 0 stand first, so that the running sum gives them a small chance.
    left.sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0))
    while (left.length > 0) {
      const sum = left.reduce((total, target) => total + target.weight, 0)
      const lot = Math.floor(draw() * (sum + 1))
      let running = 0
      const index = left.findIndex((target) => (running += target.weight) >= lot)
      ordered.push(...left.splice(Math.max(0, index), 1))
    }
  }
  return ordered
}

/**
 * The targets of a service (`_imap._tcp.example.org`), in the order to try them. An empty list says that the service is
 * decidedly not offered there (a single target `.`); without any SRV record it fails with `NotFound`.
 */
export const resolve = (dns: Shape, service: string): Effect.Effect<ReadonlyArray<Target>, LookupError> =>
  Effect.flatMap(dns.records(service, "SRV"), (records) => {
    const targets = records.map(({ data }) => ({
      host: Name.toText(data.target),
      port: data.port,
      priority: data.priority,
      weight: data.weight
    }))
    return Effect.succeed(targets.length === 1 && targets[0]!.host === "." ? [] : order(targets))
  })
