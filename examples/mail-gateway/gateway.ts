/**
 * What a mail gateway asks DNS before it takes a message: is the client on a block list, and does the sender's domain
 * let it send (SPF, RFC 7208: `ip4`, `ip6`, `a`, `mx`, `include`, `all`, `redirect`; ten lookups at most). A policy that
 * comes to what is not implemented (`exists`, `ptr`, prefixes of `a` and `mx`, macros) is "neutral": no reason to refuse.
 */
import {
  type Executor,
  type ExecutorError,
  type LookupAddress,
  type LookupError,
  LookupHost,
  QueryRecords
} from "@handoff/core"
import * as Data from "effect/Data"
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

/** Ends the whole check, from however deep in included policies (RFC 7208 sections 2.6.6 and 2.6.7). */
class Undecided extends Data.TaggedError("Undecided")<{ readonly verdict: "neutral" | "permerror" | "temperror" }> {}

const undecided = (verdict: Undecided["verdict"]) => Effect.fail(new Undecided({ verdict }))

export const spf = (names: Names, client: NetAddress.IpAddress, domain: string) =>
  Effect.catchTag(check(names, client, domain, { left: 10 }), "Undecided", ({ verdict }) => Effect.succeed(verdict))

const check = (
  names: Names,
  client: NetAddress.IpAddress,
  domain: string,
  budget: Budget
): Effect.Effect<SpfResult, Undecided | ExecutorError> =>
  Effect.gen(function* () {
    const policy = yield* policyOf(names, domain)
    if (policy === undefined) return "none"
    let redirect: string | undefined
    for (const term of policy.split(/\s+/).slice(1)) {
      const modifier = /^([a-z][\w.-]*)=(.*)$/i.exec(term)
      if (modifier !== null) {
        if (modifier[1]!.toLowerCase() === "redirect") redirect = modifier[2]!
        continue
      }
      const match = /^([+?~-]?)(all|ip4|ip6|a|mx|include)(?::([^%]+))?$/i.exec(term)
      if (match === null)
        return yield* undecided(/^[+?~-]?(exists|ptr|a|mx|include)\b/i.test(term) ? "neutral" : "permerror")
      const [, sign, mechanism, argument] = match
      if (yield* matches(names, client, mechanism!.toLowerCase(), argument, domain, budget)) {
        return qualifiers[sign === "" ? "+" : sign!]!
      }
    }
    return redirect === undefined ? "neutral" : yield* other(names, client, redirect, budget)
  })

/** The verdict of another domain's policy, which must be there. */
const other = (names: Names, client: NetAddress.IpAddress, domain: string, budget: Budget) =>
  Effect.gen(function* () {
    yield* spend(budget)
    const verdict = yield* check(names, client, domain, budget)
    return verdict === "none" ? yield* undecided("permerror") : verdict
  })

/** One of the ten lookups. */
const spend = (budget: Budget) => Effect.suspend(() => (budget.left-- > 0 ? Effect.void : undecided("permerror")))

/** What there is not is `none`; what cannot be found out now decides nothing. */
const found = <A>(lookup: Effect.Effect<A, LookupError | ExecutorError>, none: A) =>
  Effect.catchTag(lookup, "LookupError", ({ reason }) =>
    reason === "NotFound" ? Effect.succeed(none) : undecided("temperror")
  )

const policyOf = (names: Names, domain: string) =>
  Effect.gen(function* () {
    const records = yield* found(
      Effect.map(names.run(new QueryRecords({ name: domain, type: "TXT" })), ({ records }) =>
        records.flatMap((record) => (record._tag === "TXT" ? [record.chunks.join("")] : []))
      ),
      []
    )
    const policies = records.filter((text) => /^v=spf1( |$)/i.test(text))
    return policies.length > 1 ? yield* undecided("permerror") : policies[0]?.trim()
  })

const addressesOf = (names: Names, name: string) =>
  found<ReadonlyArray<NetAddress.IpAddress>>(names.run(new LookupHost({ name })), [])

const same = (a: NetAddress.IpAddress) => (b: NetAddress.IpAddress) => NetAddress.formatIp(a) === NetAddress.formatIp(b)

const matches = (
  names: Names,
  client: NetAddress.IpAddress,
  mechanism: string,
  argument: string | undefined,
  domain: string,
  budget: Budget
): Effect.Effect<boolean, Undecided | ExecutorError> =>
  Effect.gen(function* () {
    switch (mechanism) {
      case "all":
        return true
      case "ip4":
      case "ip6": {
        const prefix = mechanism === "ip4" ? 32 : 128
        const network = IpNetwork.fromString(argument?.includes("/") ? argument : `${argument}/${prefix}`)
        return Result.isSuccess(network) ? IpNetwork.contains(network.success, client) : yield* undecided("permerror")
      }
      case "a":
        yield* spend(budget)
        return (yield* addressesOf(names, argument ?? domain)).some(same(client))
      case "mx": {
        yield* spend(budget)
        const exchanges = yield* found(
          Effect.map(names.run(new QueryRecords({ name: argument ?? domain, type: "MX" })), ({ records }) =>
            records.flatMap((record) => (record._tag === "MX" ? [record.exchange] : []))
          ),
          []
        )
        // Ten names at most (RFC 7208 section 4.6.4).
        if (exchanges.length > 10) return yield* undecided("permerror")
        const all = yield* Effect.forEach(exchanges, (exchange) => addressesOf(names, exchange))
        return all.flat().some(same(client))
      }
      default:
        return argument === undefined
          ? yield* undecided("permerror")
          : (yield* other(names, client, argument, budget)) === "pass"
    }
  })
