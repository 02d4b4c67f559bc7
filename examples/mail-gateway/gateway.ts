/**
 * What a mail gateway asks DNS before it takes a message: is the client on a block list, and does the sender's domain
 * let it send (SPF, RFC 7208: `ip4`, `ip6`, `a`, `mx`, `include`, `all`; ten lookups at most).
 */
import { type Executor, LookupHost, type LookupAddress, QueryRecords } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Dns from "effect/net/Dns"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"

export type Names = Executor.Executor<LookupHost | LookupAddress | QueryRecords>

export type SpfResult = "pass" | "fail" | "softfail" | "neutral" | "none" | "permerror" | "temperror"

/** Block lists that name the address (RFC 5782: the reversed address under the list's zone). */
export const listedBy = (names: Names, client: NetAddress.IpAddress, lists: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(
      lists,
      (list) => {
        const reversed = Dns.reverseName(client).replace(/\.(in-addr|ip6)\.arpa$/, "")
        return names.run(new LookupHost({ name: `${reversed}.${list}.`, family: "IPv4" })).pipe(
          Effect.as(true),
          // Not listed, or a list that is down: neither is a reason to refuse mail.
          Effect.orElseSucceed(() => false)
        )
      },
      { concurrency: "unbounded" }
    ),
    (hits) => lists.filter((_, i) => hits[i])
  )

const qualifiers: Readonly<Record<string, SpfResult>> = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" }

/** Lookups left, shared by all included records (RFC 7208 section 4.6.4). */
interface Budget {
  left: number
}

export const spf = (names: Names, client: NetAddress.IpAddress, domain: string, budget: Budget = { left: 10 }) =>
  Effect.gen(function* () {
    const record = yield* txt(names, domain)
    if (record === undefined) return "none" as const
    for (const term of record.split(/\s+/).slice(1)) {
      const match = /^([+?~-]?)(all|ip4|ip6|a|mx|include)(?::(.+))?$/i.exec(term)
      if (match === null) continue
      const [, sign, mechanism, argument] = match
      const verdict = qualifiers[sign === "" ? "+" : sign!]!
      if (/^(a|mx|include)$/i.test(mechanism!) && budget.left-- === 0) return "permerror" as const
      if (yield* matches(names, client, mechanism!.toLowerCase(), argument, domain, budget)) return verdict
    }
    return "neutral" as const
  }).pipe(Effect.catchTag("LookupError", () => Effect.succeed("temperror" as const)))

const txt = (names: Names, domain: string) =>
  names.run(new QueryRecords({ name: domain, type: "TXT" })).pipe(
    Effect.map(({ records }) =>
      records
        .flatMap((record) => (record._tag === "TXT" ? [record.chunks.join("")] : []))
        .find((text) => /^v=spf1( |$)/.test(text))
    ),
    Effect.catchTag("LookupError", (error) =>
      error.reason === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error)
    )
  )

const addressesOf = (names: Names, name: string) =>
  Effect.orElseSucceed(names.run(new LookupHost({ name })), () => [] as ReadonlyArray<NetAddress.IpAddress>)

const same = (a: NetAddress.IpAddress) => (b: NetAddress.IpAddress) => NetAddress.formatIp(a) === NetAddress.formatIp(b)

const matches = (
  names: Names,
  client: NetAddress.IpAddress,
  mechanism: string,
  argument: string | undefined,
  domain: string,
  budget: Budget
): Effect.Effect<boolean, any> => {
  switch (mechanism) {
    case "all":
      return Effect.succeed(true)
    case "ip4":
    case "ip6": {
      const network = IpNetwork.fromString(
        argument!.includes("/") ? argument! : `${argument}/${mechanism === "ip4" ? 32 : 128}`
      )
      return Effect.succeed(Result.isSuccess(network) && IpNetwork.contains(network.success, client))
    }
    case "a":
      return Effect.map(addressesOf(names, argument ?? domain), (all) => all.some(same(client)))
    case "mx":
      return names.run(new QueryRecords({ name: argument ?? domain, type: "MX" })).pipe(
        Effect.map(({ records }) => records.flatMap((record) => (record._tag === "MX" ? [record.exchange] : []))),
        Effect.orElseSucceed((): ReadonlyArray<string> => []),
        Effect.flatMap((exchanges) => Effect.forEach(exchanges, (exchange) => addressesOf(names, exchange))),
        Effect.map((all) => all.flat().some(same(client)))
      )
    default:
      return Effect.map(spf(names, client, argument!, budget), (verdict) => verdict === "pass")
  }
}
