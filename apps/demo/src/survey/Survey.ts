/**
 * The survey: targets in, findings out as they finish, so many hosts in work at once. It knows one executor and no
 * strategy, and nothing that it finds depends on which strategies stand behind it.
 */
import { Call, LookupAddress, LookupHost, QueryRecords, type Executor } from "@handoff/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import type { Tasks } from "../strategies.ts"
import { attempt, type Run } from "./attempt.ts"
import { converse, type Options as Conversing } from "./converse.ts"
import type * as Finding from "./Finding.ts"
import type * as Fingerprint from "./fingerprint.ts"
import * as limits from "./limits.ts"
import { withoutOwnNames } from "./ownNames.ts"
import * as Pace from "./Pace.ts"
import { presentation } from "./presentation.ts"
import * as Records from "./records.ts"
import type { Port, Target } from "./Target.ts"

export interface Options extends Conversing {
  /** Talked to on every host that names no ports of its own. */
  readonly ports: ReadonlyArray<Port>
  /** Hosts in work at once; default `limits.concurrency`. */
  readonly concurrency?: number
  /** Connections to one host at once; default `limits.perHost`. */
  readonly perHost?: number
  /** How often a task that failed for now is tried again; default `limits.retries`. */
  readonly retries?: number
  /** How what ports said is fingerprinted; default `digest`. */
  readonly fingerprint?: Fingerprint.Name
  /** Types of records to ask for besides addresses: `MX`, `TXT`. */
  readonly records?: ReadonlyArray<string>
  /** Tasks wait for their turn of it; default: each is handed off at once. */
  readonly pace?: Pace.Pace
  /** Milliseconds that one host may take in all; default: as long as its tasks do. */
  readonly hostTimeout?: number | undefined
  /** Told of each host that was surveyed, with the milliseconds that it took. */
  readonly watch?: (finding: Finding.Finding, milliseconds: number) => Effect.Effect<void>
  /** A finding that there is already; the host is then left in peace. */
  readonly known?: (target: Target) => Finding.Finding | undefined
}

/** Surveys every target. Findings come in the order in which hosts finish; interrupting gives up those in work. */
export const run = <E, R>(
  executor: Executor.Executor<Tasks>,
  targets: Stream.Stream<Target, E, R>,
  options: Options
): Stream.Stream<Finding.Finding, E, R> =>
  Stream.mapEffect(
    targets,
    (target) => {
      const known = options.known?.(target)
      if (known !== undefined) return Effect.succeed(known)
      const { hostTimeout, pace = Pace.none, watch } = options
      const finding = survey(executor, target, options)
      const limited =
        hostTimeout === undefined
          ? finding
          : Effect.timeoutOrElse(finding, {
              duration: hostTimeout,
              orElse: () => Effect.succeed(tookTooLong(target))
            })
      const watched =
        watch === undefined
          ? limited
          : Effect.flatMap(Effect.timed(limited), ([took, finding]) =>
              Effect.as(watch(finding, Duration.toMillis(took)), finding)
            )
      // It stands in line before its time begins: of a thousand at once the last would have none left.
      return pace.host(watched)
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
  executor: Executor.Executor<Tasks>,
  target: Target,
  options: Options
): Effect.fn.Return<Finding.Finding> {
  const { host, line } = target
  const { pace = Pace.none, retries = limits.retries.default } = options
  const run: Run = (task) => Effect.andThen(pace.task, attempt(executor, task, retries))
  const resolved = target.isAddress ? { addresses: [NetAddress.ipFromStringUnsafe(host)] } : yield* resolve(run, host)
  if (resolved.addresses.length === 0) {
    return { line, host, state: "failed", problem: resolved.problem ?? "not-found", addresses: [], ports: [] }
  }
  // A name's IPv4 addresses come first: of the two families it is the one that a lab on loopback can have.
  const peer = resolved.addresses[0]!
  const wanted = target.ports.length > 0 ? target.ports : options.ports
  const types = target.isAddress ? [] : (options.records ?? [])
  const perHost = options.perHost ?? limits.perHost.default
  const [addresses, ports, records] = yield* Effect.all(
    [
      Effect.forEach(resolved.addresses, (address, index) =>
        index < limits.reversed ? reverse(run, address) : Effect.succeed({ address: NetAddress.formatIp(address) })
      ),
      Effect.forEach(wanted, (port) => converse(run, peer, target, port, options), { concurrency: perHost }),
      Effect.forEach(types, (type) => query(run, host, type), { concurrency: perHost })
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
  const words = withoutOwnNames(open.map(saying).join("\n"), { host, addresses })
  const print = yield* run(
    new Call<string>({ module: fingerprintModule, function: options.fingerprint ?? "digest", args: [words] })
  )
  return print.ok
    ? { ...found, state: "done", fingerprint: print.value }
    : { ...found, state: "failed", problem: `no fingerprint (${print.problem})` }
})

/** Whether every address that leads back to names leads back to this one; undefined where none leads anywhere. */
const leadBack = (addresses: ReadonlyArray<Finding.Address>, host: string): boolean | undefined => {
  const named = addresses.flatMap(({ names }) => (names === undefined ? [] : [names]))
  return named.length === 0 ? undefined : named.every((names) => names.includes(host))
}

const query = (run: Run, host: string, word: string) => {
  const { isMeant, name, type } = Records.wanted(word)
  return Effect.map(run(new QueryRecords({ name: name(host), type })), (result) => {
    if (!result.ok) return [word, result.problem] as const
    const records = result.value.records.map(presentation).filter(isMeant).toSorted()
    return [word, records.length > 0 ? records : "not-found"] as const
  })
}

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

/** What a port says that another of the same make and setting would say too. */
const saying = ({ port, protocol, says = "", tls }: Finding.PortFinding): string =>
  [`${port}/${protocol}`, says, tls?.version, tls?.cipher].filter((word) => word !== undefined).join(" ")

/** The module as its URL: `.ts` in development, `.js` once built. */
const fingerprintModule = import.meta.resolve("#fingerprint")
