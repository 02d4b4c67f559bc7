/** How to reach a service, by SVCB and HTTPS records (RFC 9460). */
import type { LookupError } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Shape } from "../Dns.ts"
import * as random from "../random.ts"
import type { SvcParam } from "../wire/fields/svcParams.ts"
import * as Name from "../wire/Name.ts"

/** An endpoint of the service with its parameters. */
export interface Target {
  readonly priority: number
  /** The name to connect to, with its final dot. */
  readonly host: string
  readonly port: number | undefined
  /** Application protocols offered, as ALPN names them; the service's default is not in it. */
  readonly alpn: ReadonlyArray<string>
  /** Whether the service's default protocol is offered, too. */
  readonly defaultAlpn: boolean
  /** Addresses to try while those of `host` are looked up. */
  readonly hints: ReadonlyArray<string>
  /** An ECHConfigList (RFC 9848). */
  readonly ech: Uint8Array | undefined
  /** A URI template for DNS over HTTPS (RFC 9461). */
  readonly dohPath: string | undefined
}

/** Aliases followed, as RFC 9460 section 3 step 1 wants bounded. */
const aliasesFollowed = 8

/** Keys that we know; a record that makes another mandatory is not for us (section 8). */
const known = new Set(["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"])

/** The name that a service at a port has its records at: `_8443._https.example.org` (section 2.3, 9.1). */
export const nameOf = (host: string, options: { readonly scheme: string; readonly port?: number }): string => {
  const { port, scheme } = options
  if (scheme === "https" && (port === undefined || port === 443)) return host
  return port === undefined ? `_${scheme}.${host}` : `_${port}._${scheme}.${host}`
}

/**
 * The targets at a name, in the order to try them: lower priority first, equal ones by lot (section 2.4.1). Aliases
 * (priority 0) are followed. An empty list: the service is decidedly not offered (an alias to `.`). Fails with `NotFound`
 * when there are no such records: then one connects as ever.
 */
export const resolve = (
  dns: Shape,
  name: string,
  type: "HTTPS" | "SVCB" = "HTTPS"
): Effect.Effect<ReadonlyArray<Target>, LookupError> =>
  Effect.gen(function* () {
    let at = name
    for (let i = 0; i <= aliasesFollowed; i++) {
      const found = yield* Effect.result(dns.records(at, type))
      if (found._tag === "Failure") {
        // An alias to a name without records of its own means that name as it is (section 3 step 4).
        if (i > 0 && found.failure.reason === "NotFound") return [plain(at)]
        return yield* Effect.fail(found.failure)
      }
      const alias = found.success.find(({ data }) => data.priority === 0)
      // With an alias there, the records beside it do not count (section 2.4.1).
      if (alias === undefined) return order(found.success.flatMap((record) => target(record, at)))
      if (Name.isRoot(alias.data.target)) return []
      at = Name.toText(alias.data.target)
    }
    return yield* Effect.fail(dns.failure(name, "InvalidResponse", "LOOP", "aliases of service bindings lead nowhere"))
  })

/** Lower priority first; equal ones by lot. */
export const order = (targets: ReadonlyArray<Target>, draw: () => number = random.fraction): ReadonlyArray<Target> =>
  targets
    .map((target) => ({ target, lot: draw() }))
    .toSorted((a, b) => a.target.priority - b.target.priority || a.lot - b.lot)
    .map(({ target }) => target)

const plain = (host: string): Target => ({
  priority: 1,
  host,
  port: undefined,
  alpn: [],
  defaultAlpn: true,
  hints: [],
  ech: undefined,
  dohPath: undefined
})

const target = (
  record: {
    readonly name: Name.Name
    readonly data: {
      readonly priority: number
      readonly target: Name.Name
      readonly params: ReadonlyArray<SvcParam>
    }
  },
  owner: string
): ReadonlyArray<Target> => {
  const { params, priority } = record.data
  const value = <K extends SvcParam["key"]>(key: K) =>
    params.find((param) => param.key === key) as Extract<SvcParam, { readonly key: K }> | undefined
  if (value("mandatory")?.value.some((key) => !known.has(key)) === true) return []
  return [
    {
      priority,
      // The root stands for the owner (section 2.5.2), at the end of any CNAMEs.
      host: Name.isRoot(record.data.target) ? Name.toText(record.name) || owner : Name.toText(record.data.target),
      port: value("port")?.value,
      alpn: value("alpn")?.value ?? [],
      defaultAlpn: value("no-default-alpn") === undefined,
      hints: [...(value("ipv6hint")?.value ?? []), ...(value("ipv4hint")?.value ?? [])],
      ech: value("ech")?.value,
      dohPath: value("dohpath")?.value
    }
  ]
}
