/**
 * Discovery of encrypted resolvers, DDR (RFC 9462): a name server that is only known by its address is asked for its
 * encrypted ways, `_dns.resolver.arpa` SVCB.
 *
 * What it says is not believed for its word: the certificate of what it names must be for the address that was known
 * (section 4.2, verified discovery), and a name server at a private address, for which no certificate can be had, is
 * believed only when it names its own address (section 4.3, opportunistic discovery).
 */
import type { LookupError } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as NetAddress from "effect/net/NetAddress"
import type { Shape } from "./Dns.ts"
import type * as Endpoint from "./Endpoint.ts"
import { isPrivate } from "./rebinding.ts"
import * as Svcb from "./targets/Svcb.ts"

const name = "_dns.resolver.arpa."

/** Endpoint text of a server for a kind of protocol it offers. */
const waysOf = (target: Svcb.Target): ReadonlyArray<"tls" | "https"> => [
  // DNS has no default protocol under SVCB (RFC 9461 section 4.1).
  ...(target.alpn.includes("dot") ? (["tls"] as const) : []),
  ...(target.alpn.includes("h2") && target.dohPath !== undefined ? (["https"] as const) : [])
]

/**
 * The encrypted ways to the resolver's servers, best first. `dns` asks plainly, as it does. Empty when they offer none;
 * fails when they cannot be asked.
 */
export const discover = (dns: Shape): Effect.Effect<ReadonlyArray<Endpoint.Endpoint>, LookupError> =>
  Effect.gen(function* () {
    const found = yield* Effect.result(Svcb.resolve(dns, name, "SVCB"))
    if (found._tag === "Failure") {
      return found.failure.reason === "NotFound" ? [] : yield* Effect.fail(found.failure)
    }
    const plain = dns.resolver.upstream.servers.list.map((server) => server.endpoint.address)
    const endpoints: Array<Endpoint.Endpoint> = []
    for (const target of found.success) {
      const ways = waysOf(target)
      if (ways.length === 0) continue
      for (const address of yield* addressesOf(dns, target)) {
        for (const known of plain) {
          for (const protocol of ways) {
            const endpoint = endpointOf(target, protocol, { address, known })
            if (endpoint !== undefined) endpoints.push(endpoint)
          }
        }
      }
    }
    return endpoints
  })

const addressesOf = (dns: Shape, target: Svcb.Target): Effect.Effect<ReadonlyArray<string>> =>
  target.hints.length > 0
    ? Effect.succeed(target.hints)
    : Effect.gen(function* () {
        const six = yield* Effect.result(dns.records(target.host, "AAAA"))
        const four = yield* Effect.result(dns.records(target.host, "A"))
        return [
          ...(Result.isSuccess(six) ? six.success.map(({ data }) => data.address) : []),
          ...(Result.isSuccess(four) ? four.success.map(({ data }) => data.address) : [])
        ]
      })

const endpointOf = (
  target: Svcb.Target,
  protocol: "tls" | "https",
  options: { readonly address: string; readonly known: string }
): Endpoint.Endpoint | undefined => {
  const { address, known } = options
  const host = target.host.replace(/\.$/, "")
  const place = { protocol, address, port: target.port ?? (protocol === "tls" ? 853 : 443) }
  // The template's one variable is the query, which we put there ourselves (RFC 9461 section 5).
  const path = target.dohPath?.replace(/\{[?&]dns\}/, "")
  const way = protocol === "https" ? { ...place, name: host, path } : { ...place, name: host }
  const unzoned = known.replace(/%.*$/, "")
  if (!isPrivate(NetAddress.ipFromStringUnsafe(unzoned))) return { ...way, certificateFor: known }
  if (address !== unzoned) return undefined
  return { ...place, address: known, ...(protocol === "https" ? { path } : {}) }
}
