/**
 * An executor with lookups as Effect's own `Dns` and `AddressResolver`, so that every program that uses those services
 * can be switched to another strategy by a layer.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as AddressResolver from "effect/net/AddressResolver"
import * as Dns from "effect/net/Dns"
import * as NetAddress from "effect/net/NetAddress"
import type { Executor } from "../Executor.ts"
import type { ExecutorError } from "../ExecutorError.ts"
import { LookupAddress } from "../tasks/LookupAddress.ts"
import type { LookupError } from "../tasks/LookupError.ts"
import { LookupHost } from "../tasks/LookupHost.ts"
import { QueryRecords } from "../tasks/QueryRecords.ts"

/** The kinds that a `Dns` is made of. Those an executor does not run fail as `Unsupported`. */
export type Lookups = LookupHost | LookupAddress | QueryRecords

const reasonOf = (error: LookupError | ExecutorError): Dns.DnsErrorReason => {
  if (error._tag === "LookupError") return error.reason
  return error._tag === "Unsupported" ? "Unsupported" : "Temporary"
}

const fail =
  (method: Dns.DnsError["method"], hostname: string, recordType?: Dns.RecordType) =>
  (error: LookupError | ExecutorError) =>
    new Dns.DnsError({ reason: reasonOf(error), method, hostname, recordType, cause: error })

/** A `Dns` service whose three operations are tasks. The strategy's own error is the `cause` of each `DnsError`. */
export const makeDns = (executor: Executor<Lookups>): Dns.Dns["Service"] => {
  const resolve = (name: string, type: Dns.RecordType) =>
    executor.run(new QueryRecords({ name, type })).pipe(
      Effect.map((set) => set.records.filter(Dns.isDnsRecord)),
      Effect.mapError(fail("resolve", name, type))
    )
  return Dns.make({
    lookup: (name, family) =>
      Effect.mapError(
        executor.run(new LookupHost({ name, ...(family === undefined ? {} : { family }) })),
        fail("lookup", name)
      ),
    resolve,
    reverse: (address) =>
      Effect.mapError(executor.run(new LookupAddress({ address })), fail("reverse", NetAddress.formatIp(address)))
  })
}

/** An `AddressResolver` whose lookups are tasks. `scopeId` is needed for IPv6 literals with a named zone only. */
export const makeAddressResolver = (
  executor: Executor<Lookups>,
  options?: AddressResolver.MakeOptions
): AddressResolver.AddressResolver["Service"] => AddressResolver.make(makeDns(executor), options)

/** `Dns` and `AddressResolver` over the executor under a service key. */
export const layer = <I>(
  key: Context.Key<I, Executor<Lookups>>,
  options?: AddressResolver.MakeOptions
): Layer.Layer<Dns.Dns | AddressResolver.AddressResolver, never, I> =>
  Layer.effectContext(
    Effect.map(key, (executor) => {
      const dns = makeDns(executor)
      return Context.make(Dns.Dns, dns).pipe(
        Context.add(AddressResolver.AddressResolver, AddressResolver.make(dns, options))
      )
    })
  )
