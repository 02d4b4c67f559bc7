/** Where mail for a domain goes, by MX records (RFC 5321 section 5.1). */
import type { LookupError } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Shape } from "../Dns.ts"
import * as random from "../random.ts"
import * as Name from "../wire/Name.ts"

/** A mail exchange with its preference and addresses. */
export interface Exchange {
  /** The mail server's name, with its final dot. */
  readonly host: string
  readonly preference: number
}

/** Lower preference first; equal ones in random order, to spread the load. */
export const order = (
  exchanges: ReadonlyArray<Exchange>,
  draw: () => number = random.fraction
): ReadonlyArray<Exchange> =>
  exchanges
    .map((exchange) => ({ exchange, lot: draw() }))
    .toSorted((a, b) => a.exchange.preference - b.exchange.preference || a.lot - b.lot)
    .map(({ exchange }) => exchange)

/**
 * The mail servers of a domain, in the order to try them. A domain that is there but has no MX record takes its mail
 * itself (the implicit MX). An empty list: it takes no mail at all (the null MX, RFC 7505).
 */
export const resolve = (dns: Shape, domain: string): Effect.Effect<ReadonlyArray<Exchange>, LookupError> =>
  Effect.flatMap(Effect.result(dns.records(domain, "MX")), (result) => {
    if (result._tag === "Failure") {
      const { failure } = result
      if (failure.code !== "NODATA") return Effect.fail(failure)
      return Effect.succeed([{ host: domain.endsWith(".") ? domain : `${domain}.`, preference: 0 }])
    }
    const exchanges = result.success.map(({ data }) => ({
      host: Name.toText(data.exchange),
      preference: data.preference
    }))
    return Effect.succeed(exchanges.length === 1 && exchanges[0]!.host === "." ? [] : order(exchanges))
  })
