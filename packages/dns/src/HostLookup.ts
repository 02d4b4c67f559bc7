/**
 * A name to its addresses, and an address to its names: what applications ask for, made of questions. Callbacks, as the
 * resolver below it.
 *
 * | step | source |
 * |---|---|
 * | an address as text is itself | getaddrinfo(3) |
 * | the hosts file | hosts(5); "files" before "dns" in every default nsswitch.conf |
 * | the search list | resolv.conf(5) |
 * | A and AAAA side by side; when one is there, the other is waited for 50 ms more | RFC 8305 section 3 |
 * | one family's failure does not spoil the other's answer | |
 * | order of the addresses | RFC 6724 |
 */
import * as Result from "effect/Result"
import * as EffectDns from "effect/net/Dns"
import type * as IpNetwork from "effect/net/IpNetwork"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as addressOrder from "./addressOrder.ts"
import { Answer } from "./Answer.ts"
import { Failure } from "./Failure.ts"
import * as limits from "./limits.ts"
import * as Records from "./Records.ts"
import type { Resolver } from "./Resolver.ts"
import * as search from "./search.ts"
import type { HostsFile } from "./system/HostsFile.ts"

export interface Settings extends search.Settings {
  readonly hosts: HostsFile
  readonly noAaaa: boolean
  readonly sortlist: ReadonlyArray<IpNetwork.IpNetwork>
  /** Whether to order by RFC 6724; else AAAA before A, as the server gave them. */
  readonly order: boolean
}

export type Addresses = readonly [NetAddress.IpAddress, ...Array<NetAddress.IpAddress>]
export type Names = readonly [string, ...Array<string>]

/** The source address that the system uses for a destination; undefined when there is no way there. */
export type SourceOf = (destination: NetAddress.IpAddress) => NetAddress.IpAddress | undefined

const nothing = (): void => {}

/** Looks a name up. `onResult` is called once, perhaps before this returns; not after the cancel that is returned. */
export const host = (
  resolver: Resolver,
  settings: Settings,
  sourceOf: SourceOf,
  request: { readonly name: string; readonly family?: NetAddress.IpFamily | undefined },
  onResult: (result: Addresses | Failure) => void
): (() => void) => {
  const { family, name } = request
  const literal = /^[\d.]+$|:/.test(name) ? NetAddress.ipFromString(name) : undefined
  if (literal !== undefined && Result.isSuccess(literal)) {
    const address = literal.success
    if (family === undefined || NetAddress.isFamily(address, family)) onResult([address])
    else onResult(new Failure("NotFound", "NODATA", `it is an address, but none of ${family}`))
    return nothing
  }
  const domain = Host.domainNameFromString(name)
  if (Result.isFailure(domain)) {
    onResult(new Failure("BadName", "EBADNAME", domain.failure.message))
    return nothing
  }
  const listed = settings.hosts.addresses.get(Host.toRelative(domain.success))
  if (listed !== undefined) {
    const usable = family === undefined ? listed : listed.filter((address) => NetAddress.isFamily(address, family))
    if (usable.length > 0) {
      onResult(arrange(usable, settings, sourceOf))
      return nothing
    }
  }
  const names = search.candidates(domain.success, settings)
  const verdict = new search.Verdict()
  let cancel = nothing
  let cancelled = false
  let asked = -1
  const next = (at: number): void => {
    if (cancelled) return
    asked = at
    const candidate = names[at]
    if (candidate === undefined) return onResult(notFound(verdict.result, family))
    const stop = both(resolver, candidate, familyTypes(family, settings.noAaaa), (found, failure) => {
      if (found.length > 0) return onResult(arrange(found, settings, sourceOf))
      if (verdict.note(failure, candidate === asItIs(domain.success))) next(at + 1)
      else onResult(notFound(failure, family))
    })
    // What is known of a candidate is told at once, from within: then a later one is being asked already.
    if (asked === at) cancel = stop
  }
  next(0)
  return () => {
    cancelled = true
    cancel()
  }
}

const asItIs = (name: string): string => (name.endsWith(".") ? name : `${name}.`)

const familyTypes = (family: NetAddress.IpFamily | undefined, noAaaa: boolean): ReadonlyArray<"A" | "AAAA"> =>
  family === "IPv4" ? ["A"] : family === "IPv6" ? (noAaaa ? [] : ["AAAA"]) : noAaaa ? ["A"] : ["AAAA", "A"]

/** Asks for both families at once. `found` has the addresses, IPv6 first; `failure` says why there are none. */
const both = (
  resolver: Resolver,
  name: string,
  types: ReadonlyArray<"A" | "AAAA">,
  onEnd: (found: ReadonlyArray<NetAddress.IpAddress>, failure: Answer | Failure) => void
): (() => void) => {
  const results: Array<Answer | Failure | undefined> = types.map(() => undefined)
  const cancels: Array<() => void> = []
  let left = types.length
  let ended = false
  let stopWaiting = nothing
  const end = (): void => {
    if (ended) return
    ended = true
    stopWaiting()
    const found: Array<NetAddress.IpAddress> = []
    for (const result of results) if (result instanceof Answer) found.push(...addressesOf(result))
    onEnd(found, worst(results))
  }
  if (left === 0) {
    onEnd([], new Failure("NotFound", "NODATA", "options no-aaaa: IPv6 addresses are not asked for"))
    return nothing
  }
  types.forEach((type, index) => {
    const cancel = resolver.resolve(name, type, undefined, (result) => {
      results[index] = result
      left--
      if (ended) return
      if (left === 0) return end()
      if (result instanceof Answer && result.kind === "no name") return end()
      if (result instanceof Answer && result.kind === "records") {
        // The other family's question stays in flight: its answer will be in the cache for the next who asks.
        const timer = resolver.wheel.set(limits.resolutionDelay, end)
        stopWaiting = () => resolver.wheel.cancel(timer)
      }
    })
    cancels.push(cancel)
  })
  return () => {
    ended = true
    stopWaiting()
    for (const cancel of cancels) cancel()
  }
}

/** What explains most why there is no address: a failure before an answer that there is none. */
const worst = (results: ReadonlyArray<Answer | Failure | undefined>): Answer | Failure => {
  const failure = results.find((result) => result instanceof Failure)
  return failure ?? results.find((result) => result !== undefined)!
}

/** The addresses of an answer, converted once. */
const addressesOf = (answer: Answer): ReadonlyArray<NetAddress.IpAddress> => {
  if (answer.addresses === undefined) {
    answer.addresses = answer.records.flatMap((record) => Records.address(record) ?? [])
  }
  return answer.addresses as ReadonlyArray<NetAddress.IpAddress>
}

const arrange = (found: ReadonlyArray<NetAddress.IpAddress>, settings: Settings, sourceOf: SourceOf): Addresses => {
  if (found.length === 1 || !settings.order) return found as unknown as Addresses
  const candidates = found.map((address) => ({ address, source: sourceOf(address) }))
  return addressOrder.arrange(candidates, settings.sortlist) as unknown as Addresses
}

const notFound = (result: Answer | Failure, family: NetAddress.IpFamily | undefined): Failure => {
  if (result instanceof Failure) return result
  if (result.kind === "no name") return new Failure("NotFound", "NXDOMAIN", `says ${result.server}`)
  return new Failure("NotFound", "NODATA", `the name has no ${family ?? "IPv4 or IPv6"} address, says ${result.server}`)
}

/** Looks the names of an address up: the hosts file, then PTR. */
export const address = (
  resolver: Resolver,
  settings: Settings,
  request: NetAddress.IpAddress,
  onResult: (result: Names | Failure) => void
): (() => void) => {
  const target = NetAddress.toCanonical(request)
  const listed = settings.hosts.names.get(NetAddress.formatIp(target))
  if (listed !== undefined) {
    onResult(listed as unknown as Names)
    return nothing
  }
  return resolver.resolve(`${EffectDns.reverseName(target)}.`, "PTR", undefined, (result) => {
    if (result instanceof Failure) return onResult(result)
    const names: Array<string> = []
    for (const record of result.records) {
      const made = Records.value(record)
      if (made._tag === "PTR") names.push(made.host === "." ? "." : made.host.slice(0, -1))
    }
    if (names.length > 0) onResult(names as unknown as Names)
    else onResult(notFoundAddress(result))
  })
}

const notFoundAddress = (answer: Answer): Failure =>
  new Failure(
    "NotFound",
    answer.code === "NXDOMAIN" ? "NXDOMAIN" : "NODATA",
    `the address has no name, says ${answer.server}`
  )
