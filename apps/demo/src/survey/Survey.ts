/**
 * The survey: targets in, findings out as they finish, so many hosts in work at once. It knows one executor and no
 * strategy, and nothing that it finds depends on which strategies stand behind it.
 */
import { Call, Exchange, LookupAddress, LookupHost, type Executor, type Shared, type Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import type * as Finding from "./Finding.ts"
import * as limits from "./limits.ts"
import * as Problem from "./Problem.ts"
import type { Port, Target } from "./Target.ts"

export interface Options {
  /** Talked to on every host that names no ports of its own. */
  readonly ports: ReadonlyArray<Port>
  /** Hosts in work at once; default `limits.concurrency`. */
  readonly concurrency?: number
  /** Milliseconds for a connection, and for each silence in it; default `limits.timeout`. */
  readonly timeout?: number
  /** How often a task that failed for now is tried again; default `limits.retries`. */
  readonly retries?: number
  /** Types of records to ask for besides addresses: `MX`, `TXT`. */
  readonly records?: ReadonlyArray<string>
  /** A finding that there is already; the host is then left in peace. */
  readonly known?: (target: Target) => Finding.Finding | undefined
}

/** Surveys every target. Findings come in the order in which hosts finish; interrupting gives up those in work. */
export const run = <E, R>(
  executor: Executor.Executor<Shared>,
  targets: Stream.Stream<Target, E, R>,
  options: Options
): Stream.Stream<Finding.Finding, E, R> =>
  Stream.mapEffect(
    targets,
    (target) => {
      const known = options.known?.(target)
      return known === undefined ? survey(executor, target, options) : Effect.succeed(known)
    },
    { concurrency: options.concurrency ?? limits.concurrency.default, unordered: true }
  )

/** Surveys one host; what goes wrong is in the finding. */
export const survey = Effect.fnUntraced(function* (
  executor: Executor.Executor<Shared>,
  target: Target,
  options: Options
): Effect.fn.Return<Finding.Finding> {
  const { host, line } = target
  const resolved = target.isAddress
    ? { addresses: [NetAddress.ipFromStringUnsafe(host)] }
    : yield* resolve(executor, host)
  if (resolved.addresses.length === 0) {
    return { line, host, state: "failed", problem: resolved.problem ?? "not-found", addresses: [], ports: [] }
  }
  // A name's IPv4 addresses come first: of the two families it is the one that a lab on loopback can have.
  const peer = resolved.addresses[0]!
  const wanted = target.ports.length > 0 ? target.ports : options.ports
  const [addresses, ports] = yield* Effect.all(
    [
      Effect.forEach(resolved.addresses, (address, index) =>
        index < limits.reversed ? reverse(executor, address) : Effect.succeed({ address: NetAddress.formatIp(address) })
      ),
      Effect.forEach(wanted, (port) => converse(executor, peer, host, port, options), {
        concurrency: limits.portsAtOnce
      })
    ],
    { concurrency: 2 }
  )
  const open = ports.filter((port) => port.state === "open")
  if (open.length === 0) {
    const problem =
      ports[0] === undefined ? undefined : `no port answered (${[...new Set(ports.map((p) => p.state))].join(", ")})`
    return {
      line,
      host,
      state: problem === undefined ? "done" : "failed",
      ...(problem && { problem }),
      addresses,
      ports
    }
  }
  const words = open.map((port) => `${port.port}/${port.protocol} ${port.says}`).join("\n")
  const print = yield* fingerprint(executor, words)
  return print.ok
    ? { line, host, state: "done", addresses, ports, fingerprint: print.value }
    : { line, host, state: "failed", problem: `no fingerprint (${print.problem})`, addresses, ports }
})

interface Resolved {
  readonly addresses: ReadonlyArray<NetAddress.IpAddress>
  readonly problem?: Finding.Problem
}

const resolve = Effect.fnUntraced(function* (
  executor: Executor.Executor<Shared>,
  name: string
): Effect.fn.Return<Resolved> {
  const [ipv4, ipv6] = yield* Effect.all(
    [
      attempt(executor, new LookupHost({ name, family: "IPv4" })),
      attempt(executor, new LookupHost({ name, family: "IPv6" }))
    ],
    { concurrency: 2 }
  )
  const addresses = [...(ipv4.ok ? sorted(ipv4.value) : []), ...(ipv6.ok ? sorted(ipv6.value) : [])]
  // "Not found" from one family says nothing of the name when the other had a worse problem.
  const problems = [ipv4, ipv6].flatMap((result) => (result.ok ? [] : [result.problem]))
  const problem = problems.find((problem) => problem !== "not-found") ?? problems[0]
  return { addresses, ...(problem === undefined ? {} : { problem }) }
})

const sorted = (addresses: ReadonlyArray<NetAddress.IpAddress>): ReadonlyArray<NetAddress.IpAddress> =>
  [...new Map(addresses.map((address) => [NetAddress.formatIp(address), address] as const))]
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, address]) => address)

const reverse = (executor: Executor.Executor<Shared>, address: NetAddress.IpAddress): Effect.Effect<Finding.Address> =>
  Effect.map(attempt(executor, new LookupAddress({ address })), (result) => {
    const text = NetAddress.formatIp(address)
    return result.ok
      ? { address: text, names: [...new Set(result.value.map((name) => name.toLowerCase()))].toSorted() }
      : { address: text, problem: result.problem }
  })

const converse = (
  executor: Executor.Executor<Shared>,
  address: NetAddress.IpAddress,
  host: string,
  { port, protocol }: Port,
  options: Options
): Effect.Effect<Finding.PortFinding> => {
  const timeout = options.timeout ?? limits.timeout.default
  const request =
    protocol === "http" ? `HEAD / HTTP/1.1\r\nHost: ${hostHeader(host, port)}\r\nConnection: close\r\n\r\n` : ""
  const task = new Exchange({
    transport: "tcp",
    peer: NetAddress.inetAddressUnsafe(address, port),
    request: ascii.encode(request),
    until: { _tag: "Delimiter", delimiter: newline },
    maxOctets: limits.greetingOctets,
    connectTimeout: timeout,
    idleTimeout: timeout,
    // A peer that drips octets keeps its silences short; it gets three times as long, no more.
    totalTimeout: 3 * timeout
  })
  return Effect.map(attempt(executor, task), (result) => {
    if (!result.ok) return { port, protocol, state: result.problem }
    const says = firstLine(result.value.octets)
    return says === "" && result.value.end === "closed"
      ? { port, protocol, state: "closed" }
      : { port, protocol, state: "open", says }
  })
}

/** The name of an address in a `Host` header has brackets if it is IPv6 (RFC 9110 section 7.2). */
const hostHeader = (host: string, port: number): string => {
  const name = host.includes(":") ? `[${host}]` : host
  return port === 80 ? name : `${name}:${port}`
}

/** What came before the first line end, with what a terminal would act on made visible. */
const firstLine = (octets: Uint8Array): string => {
  const end = octets.indexOf(10)
  const text = utf8.decode(end < 0 ? octets : octets.subarray(0, end)).replace(/\r$/, "")
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd")
}

const fingerprint = (executor: Executor.Executor<Shared>, words: string) =>
  attempt(executor, new Call<string>({ module: fingerprintModule, function: "fingerprint", args: [words] }))

/** The module as its URL: `.ts` in development, `.js` once built. */
export const fingerprintModule = import.meta.resolve("#fingerprint")

type Attempt<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly problem: Finding.Problem }

/** Runs a task; a full executor is asked again, a little later each time. */
const attempt = <T extends Shared>(
  executor: Executor.Executor<Shared>,
  task: T
): Effect.Effect<Attempt<Task.Success<T>>> => attemptFrom(executor, task, 0)

const attemptFrom = <T extends Shared>(
  executor: Executor.Executor<Shared>,
  task: T,
  times: number
): Effect.Effect<Attempt<Task.Success<T>>> =>
  // The failures of the shared kinds are the four of `AnyError`; the compiler cannot see that of a `T` that is any of them.
  Effect.matchEffect(executor.run(task) as Effect.Effect<Task.Success<T>, Problem.AnyError>, {
    onSuccess: (value) => Effect.succeed({ ok: true, value }),
    onFailure: (error) =>
      Problem.isFull(error) && times < limits.overloaded.times
        ? Effect.andThen(Effect.sleep(limits.overloaded.wait * 2 ** times), attemptFrom(executor, task, times + 1))
        : Effect.succeed({ ok: false, problem: Problem.of(error) })
  })

const ascii = new TextEncoder()
const utf8 = new TextDecoder()
const newline = new Uint8Array([10])
