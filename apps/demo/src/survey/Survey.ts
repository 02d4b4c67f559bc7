/**
 * The survey: targets in, findings out as they finish, so many hosts in work at once. It knows one executor and no
 * strategy, and nothing that it finds depends on which strategies stand behind it.
 */
import {
  Call,
  Exchange,
  LookupAddress,
  LookupHost,
  QueryRecords,
  type Executor,
  type Shared,
  type Task
} from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import type * as Finding from "./Finding.ts"
import * as limits from "./limits.ts"
import { presentation } from "./presentation.ts"
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
  /** Milliseconds that one host may take in all; default: as long as its tasks do. */
  readonly hostTimeout?: number | undefined
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
      if (known !== undefined) return Effect.succeed(known)
      const finding = survey(executor, target, options)
      if (options.hostTimeout === undefined) return finding
      return Effect.timeoutOrElse(finding, {
        duration: options.hostTimeout,
        orElse: () => Effect.succeed(tookTooLong(target))
      })
    },
    { concurrency: options.concurrency ?? limits.concurrency.default, unordered: true }
  )

const tookTooLong = ({ host, line }: Target): Finding.Finding => ({
  line,
  host,
  state: "failed",
  problem: "took too long",
  addresses: [],
  ports: []
})

/** Surveys one host; what goes wrong is in the finding. */
export const survey = Effect.fnUntraced(function* (
  executor: Executor.Executor<Shared>,
  target: Target,
  options: Options
): Effect.fn.Return<Finding.Finding> {
  const { host, line } = target
  const run: Run = (task) => attempt(executor, task, options.retries ?? limits.retries.default)
  const resolved = target.isAddress ? { addresses: [NetAddress.ipFromStringUnsafe(host)] } : yield* resolve(run, host)
  if (resolved.addresses.length === 0) {
    return { line, host, state: "failed", problem: resolved.problem ?? "not-found", addresses: [], ports: [] }
  }
  // A name's IPv4 addresses come first: of the two families it is the one that a lab on loopback can have.
  const peer = resolved.addresses[0]!
  const wanted = target.ports.length > 0 ? target.ports : options.ports
  const types = target.isAddress ? [] : (options.records ?? [])
  const [addresses, ports, records] = yield* Effect.all(
    [
      Effect.forEach(resolved.addresses, (address, index) =>
        index < limits.reversed ? reverse(run, address) : Effect.succeed({ address: NetAddress.formatIp(address) })
      ),
      Effect.forEach(wanted, (port) => converse(run, peer, host, port, options), { concurrency: limits.portsAtOnce }),
      Effect.forEach(types, (type) => query(run, host, type), { concurrency: limits.portsAtOnce })
    ],
    { concurrency: 3 }
  )
  const agrees = target.isAddress ? undefined : leadBack(addresses, host)
  const found = {
    line,
    host,
    addresses,
    ...(agrees !== undefined && { agrees }),
    ...(types.length > 0 && { records: Object.fromEntries(records) }),
    ports
  }
  const open = ports.filter((port) => port.state === "open")
  if (open.length === 0) {
    if (ports.length === 0) return { ...found, state: "done" }
    const states = [...new Set(ports.map((port) => port.state))].join(", ")
    return { ...found, state: "failed", problem: `no port answered (${states})` }
  }
  const print = yield* fingerprint(run, open.map((port) => `${port.port}/${port.protocol} ${port.says}`).join("\n"))
  return print.ok
    ? { ...found, state: "done", fingerprint: print.value }
    : { ...found, state: "failed", problem: `no fingerprint (${print.problem})` }
})

/** Hands a task off and waits; what goes wrong is one of the finding's words. */
type Run = <T extends Shared>(task: T) => Effect.Effect<Attempt<Task.Success<T>>>

/** Whether every address that leads back to names leads back to this one; undefined where none leads anywhere. */
const leadBack = (addresses: ReadonlyArray<Finding.Address>, host: string): boolean | undefined => {
  const named = addresses.flatMap(({ names }) => (names === undefined ? [] : [names]))
  return named.length === 0 ? undefined : named.every((names) => names.includes(host))
}

const query = (run: Run, name: string, type: string) =>
  Effect.map(
    run(new QueryRecords({ name, type })),
    (result) => [type, result.ok ? result.value.records.map(presentation).toSorted() : result.problem] as const
  )

interface Resolved {
  readonly addresses: ReadonlyArray<NetAddress.IpAddress>
  readonly problem?: Finding.Problem
}

const resolve = Effect.fnUntraced(function* (run: Run, name: string): Effect.fn.Return<Resolved> {
  const [ipv4, ipv6] = yield* Effect.all(
    [run(new LookupHost({ name, family: "IPv4" })), run(new LookupHost({ name, family: "IPv6" }))],
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

const reverse = (run: Run, address: NetAddress.IpAddress): Effect.Effect<Finding.Address> =>
  Effect.map(run(new LookupAddress({ address })), (result) => {
    const text = NetAddress.formatIp(address)
    return result.ok
      ? { address: text, names: [...new Set(result.value.map((name) => name.toLowerCase()))].toSorted() }
      : { address: text, problem: result.problem }
  })

const converse = (
  run: Run,
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
  return Effect.map(run(task), (result) => {
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

const fingerprint = (run: Run, words: string) =>
  run(new Call<string>({ module: fingerprintModule, function: "fingerprint", args: [words] }))

/** The module as its URL: `.ts` in development, `.js` once built. */
export const fingerprintModule = import.meta.resolve("#fingerprint")

type Attempt<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly problem: Finding.Problem }

/** Runs a task. A full executor is asked again, a little later each time; what failed for now, as often as is asked for. */
const attempt = <T extends Shared>(
  executor: Executor.Executor<Shared>,
  task: T,
  retries: number,
  times = 0
): Effect.Effect<Attempt<Task.Success<T>>> =>
  // The failures of the shared kinds are those of `AnyError`; the compiler cannot see that of a `T` that is any of them.
  Effect.matchEffect(executor.run(task) as Effect.Effect<Task.Success<T>, Problem.AnyError>, {
    onSuccess: (value) => Effect.succeed({ ok: true, value }),
    onFailure: (error) => {
      if (Problem.isFull(error) && times < limits.overloaded.times) {
        const wait = limits.overloaded.wait * 2 ** times
        return Effect.andThen(Effect.sleep(wait), attempt(executor, task, retries, times + 1))
      }
      const problem = Problem.of(error)
      return retries > 0 && (problem === "try-again" || problem === "timeout")
        ? attempt(executor, task, retries - 1, times)
        : Effect.succeed({ ok: false, problem })
    }
  })

const ascii = new TextEncoder()
const utf8 = new TextDecoder()
const newline = new Uint8Array([10])
