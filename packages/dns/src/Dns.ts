/**
 * DNS as an executor: names to addresses, addresses to names, and record sets, by DNS alone and without the C library.
 *
 * | kind | how |
 * |---|---|
 * | `LookupHost` | the hosts file, the search list, A and AAAA side by side, RFC 6724 order (`HostLookup.ts`) |
 * | `LookupAddress` | the hosts file, then PTR |
 * | `QueryRecords` | one name and type as it stands, without the search list |
 *
 * Interruption: no datagram is sent any more, the ids and ports are free at once. A question that others wait for too
 * goes on for them.
 *
 * Closing: what is outstanding is answered with `Lost` (`closed`), and every socket is closed.
 */
import { DnsBridge, Executor, Outstanding, Section, Setting, Strategies } from "@handoff/core"
import type { Job, LookupAddress, LookupError, LookupHost, QueryRecords, RecordSet } from "@handoff/core"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as AddressResolver from "effect/net/AddressResolver"
import type * as EffectDns from "effect/net/Dns"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { Answer, type View } from "./Answer.ts"
import * as Discovery from "./Discovery.ts"
import * as Endpoint from "./Endpoint.ts"
import { Failure, toLookupError } from "./Failure.ts"
import * as HostLookup from "./HostLookup.ts"
import * as limits from "./limits.ts"
import * as Records from "./Records.ts"
import * as rebinding from "./rebinding.ts"
import * as resolver from "./Resolver.ts"
import * as HostsFile from "./system/HostsFile.ts"
import * as ResolvConf from "./system/ResolvConf.ts"
import * as System from "./system/System.ts"
import * as Transport from "./Transport.ts"
import { sourceOf } from "./transports/source.ts"
import * as Wheel from "./Wheel.ts"
import * as Name from "./wire/Name.ts"
import type { KnownType } from "./wire/RecordTypes.ts"
import * as ResourceRecord from "./wire/ResourceRecord.ts"

/** The kinds it speaks. */
export type Tasks = LookupHost | LookupAddress | QueryRecords

/** Servers, bounds and habits of a resolver; what is left out comes from the system or from `limits`. */
export interface Options {
  /** Shown in errors and counters; default `dns`. */
  readonly name?: string | undefined
  /** The name servers, see `Endpoint.ts`; default: those of `resolv.conf`, followed when the file changes. At most 30. */
  readonly servers?: ReadonlyArray<Endpoint.Input> | undefined
  /** The path of `resolv.conf`, or false for its defaults; default `/etc/resolv.conf`, false when `servers` are given. */
  readonly resolvConf?: string | false | undefined
  /** The path of the hosts file, or false for none; default `/etc/hosts`. */
  readonly hosts?: string | false | undefined
  /** Whether `localhost`, `invalid`, `onion` and `local` are answered here (RFC 6761); default true. */
  readonly specialNames?: boolean | undefined
  /** What follows overrides `resolv.conf`. */
  readonly search?: ReadonlyArray<string> | undefined
  readonly ndots?: number | undefined
  /** The longest wait for one try; default 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** A question lives for `timeout` times this; default 2. */
  readonly attempts?: number | undefined
  readonly rotate?: boolean | undefined
  /** Datagrams not used at all; default false. */
  readonly tcpOnly?: boolean | undefined
  /** Ask servers to say whether they validated (AD; `trust-ad`); their word is worth what the way to them is. */
  readonly trustAd?: boolean | undefined
  /** EDNS (RFC 6891); default true. */
  readonly edns?: boolean | undefined
  /** Octets of a UDP reply that we take; default 1,232. */
  readonly udpPayload?: number | undefined
  /** 0x20: questions in random case, to be repeated; default true. */
  readonly mixCase?: boolean | undefined
  /** Cookies (RFC 7873); default true. */
  readonly cookies?: boolean | undefined
  /** Extra sends by hedging, as a share of all questions; default 0.05, 0 for none. */
  readonly hedgeShare?: number | undefined
  /** Order addresses by RFC 6724; default true. */
  readonly order?: boolean | undefined
  /**
   * Refuse answers from the net that point into private networks, except below these domains (`true`: no exception).
   * Default false.
   */
  readonly rebindingProtection?: boolean | ReadonlyArray<string> | undefined
  readonly cache?:
    | {
        /** Default 16 MiB; 0 for no cache. */
        readonly maxOctets?: number | undefined
        readonly minTtl?: Duration.Input | undefined
        readonly maxTtl?: Duration.Input | undefined
        readonly maxNegativeTtl?: Duration.Input | undefined
        /** How long past its TTL an answer may be served when no server answers; default a day, 0 for not at all. */
        readonly staleFor?: Duration.Input | undefined
        /** Fetch much used answers anew before they expire; default true. */
        readonly prefetch?: boolean | undefined
      }
    | undefined
  /** Tasks and questions at once before `Overloaded`; default 200,000. */
  readonly outstanding?: number | undefined
  readonly udpSocketsPerServer?: number | undefined
  readonly questionsPerUdpSocket?: number | undefined
  /** How long a connection without questions stays open; default 10 seconds. */
  readonly connectionIdle?: Duration.Input | undefined
  /**
   * Ask the servers for their encrypted ways first (DDR, RFC 9462) and use those, where there are any; default false.
   * Making the resolver then waits for their answer.
   */
  readonly discoverEncrypted?: boolean | undefined
  /** The door to the network; default Node's sockets. */
  readonly transport?: ((wheel: Wheel.Wheel) => Transport.Transport) | undefined
  /** The source address for a destination, for RFC 6724; default: ask the system. */
  readonly sourceOf?: HostLookup.SourceOf | undefined
}

/** An executor of lookups, with what only a resolver of one's own can give. */
export interface Shape extends Executor.Executor<Tasks> {
  /**
   * One question as it stands: no hosts file, no search list. That there is no such name or record is an answer here
   * (`kind`), not an error. Fails when no server answers.
   */
  readonly resolve: (name: string, type: string, view?: View) => Effect.Effect<Answer, LookupError>
  /** As `resolve`, by callback and without an Effect: for loops that count microseconds. */
  readonly resolveUnsafe: (
    name: string,
    type: string,
    onResult: (result: Answer | Failure) => void,
    view?: View
  ) => () => void
  /**
   * The records of one type, as the codec has them (`record.data.preference` of an MX); with TTL and owner. Fails with
   * `NotFound` where there are none.
   */
  readonly records: <T extends KnownType>(
    name: string,
    type: T,
    view?: View
  ) => Effect.Effect<NonEmptyReadonlyArray<Extract<ResourceRecord.ResourceRecord, { readonly type: T }>>, LookupError>
  /** An error of this resolver, for what is built on it. */
  readonly failure: (name: string, reason: LookupError["reason"], code: string, detail: string) => LookupError
  /** @internal The machine below, for what stands beside it: servers as they are known now, the cache. */
  readonly resolver: resolver.Resolver
}

export class Dns extends Context.Service<Dns, Shape>()("@handoff/dns/Dns") {}

/** A resolver that lives as long as the scope. Fails when a server given is none. */
export const make = (options: Options = {}): Effect.Effect<Shape, NetAddress.NetAddressError, Scope.Scope> =>
  Effect.gen(function* () {
    const name = options.name ?? "dns"
    const given = yield* Effect.fromResult(Result.all((options.servers ?? []).map(Endpoint.make)))
    const confPath = options.resolvConf ?? (options.servers === undefined ? "/etc/resolv.conf" : false)
    const hostsPath = options.hosts ?? "/etc/hosts"
    let conf = confPath === false ? ResolvConf.defaults : System.readResolvConf(confPath)
    let settings = settingsOf(options, conf, hostsPath === false ? HostsFile.empty : System.readHosts(hostsPath))
    const servers = (): ReadonlyArray<Endpoint.Endpoint> => {
      const all = given.length > 0 ? given : conf.nameservers.map((address) => Endpoint.makeUnsafe(address))
      return (options.tcpOnly ?? conf.useVc) ? all.map(overTcp) : all
    }
    const wheel = yield* Wheel.make
    const machine = new resolver.Resolver(resolverOptions(options, conf, servers(), wheel, transportOf(options, wheel)))
    const scope = yield* Effect.scope
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    const outstanding = new Outstanding<Tasks>(name, {
      limit: options.outstanding ?? limits.outstanding.default
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        outstanding.close()
        machine.close()
      })
    )
    if (confPath !== false) {
      yield* System.watch(confPath, () => {
        conf = System.readResolvConf(confPath)
        settings = settingsOf(options, conf, settings.hosts)
        machine.reconfigure(resolverOptions(options, conf, servers(), wheel, machine.options.transport))
        // The new servers may have encrypted ways as the old ones had.
        if (options.discoverEncrypted === true) fork(Effect.forkIn(discovery, scope))
      })
    }
    if (hostsPath !== false) {
      yield* System.watch(hostsPath, () => {
        settings = { ...settings, hosts: System.readHosts(hostsPath) }
      })
    }
    const source = options.sourceOf ?? sourceOf
    const run = (task: Tasks, onResult: (result: unknown) => void): (() => void) => {
      switch (task._tag) {
        case "LookupHost":
          return HostLookup.host(machine, settings, source, task, onResult)
        case "LookupAddress":
          return HostLookup.address(machine, settings, task.address, onResult)
        case "QueryRecords":
          return machine.resolve(toAscii(task.name), task.type, undefined, (result) =>
            onResult(recordSet(result, wheel.wallMillis()))
          )
      }
    }
    const executor = Executor.make<Tasks>({
      name,
      kinds: ["LookupHost", "LookupAddress", "QueryRecords"],
      submitUnsafe: (task, onExit, _context, watch) => {
        const job = outstanding.admit(task, onExit, watch)
        if (job === undefined) return Executor.nothingToCancel
        job.start()
        job.release = run(task, (result) => answer(job, task, result))
        return job.cancel
      },
      stats: outstanding.statsEffect(() => figures(machine))
    })
    const resolveUnsafe: Shape["resolveUnsafe"] = (question, type, onResult, view) =>
      machine.resolve(question, type, view, onResult)
    const exit = (result: Answer | Failure, question: string) =>
      result instanceof Answer ? Exit.succeed(result) : Exit.fail(toLookupError(result, question))
    const ask: Shape["resolve"] = (question, type, view) =>
      Effect.callback<Answer, LookupError>((resume) => {
        const onResult = (result: Answer | Failure): void => resume(exit(result, question))
        const pending = machine.ask(question, type, view, onResult)
        return pending === undefined ? undefined : Effect.sync(() => pending.leave(onResult))
      })
    const resolve: Shape["resolve"] = machine.caches
      ? (question, type, view) =>
          Effect.suspend(() => {
            const known = machine.cached(question, type, view)
            return known === undefined ? ask(question, type, view) : exit(known, question)
          })
      : ask
    const dns: Shape = { ...executor, resolve, resolveUnsafe, records: records(resolve), failure, resolver: machine }
    const discovery = Effect.map(
      Effect.orElseSucceed(Discovery.discover(dns), () => []),
      (found) => {
        if (found.length > 0) machine.replaceServers(found.slice(0, maxServers))
      }
    )
    if (options.discoverEncrypted === true) yield* discovery
    return dns
  })

const failure: Shape["failure"] = (name, reason, code, detail) => toLookupError(new Failure(reason, code, detail), name)

const records =
  (resolve: Shape["resolve"]): Shape["records"] =>
  (name, type, view) =>
    Effect.flatMap(resolve(name, type, view), (answer): Effect.Effect<any, LookupError> => {
      const found = answer.records.filter(ResourceRecord.is(type))
      if (found.length > 0) return Effect.succeed(found)
      const code = answer.code === "NOERROR" ? "NODATA" : answer.code
      return Effect.fail(failure(name, "NotFound", code, `says ${answer.server}`))
    })

/** Servers are bits of a number in `resolution.ts`. */
const maxServers = 30

/** The resolver as a layer. */
export const layer = (options: Options = {}): Layer.Layer<Dns, NetAddress.NetAddressError> =>
  Layer.effect(Dns, make(options))

/** As `layer`, with options read from configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Dns, Config.ConfigError | NetAddress.NetAddressError> =>
  Layer.effect(
    Dns,
    Effect.flatMap(Config.unwrap(options), (read) => make(read))
  )

/** Effect's own `Dns` and `AddressResolver`, over this resolver: for programs that know nothing of us. */
export const layerEffect = (
  options: Options = {}
): Layer.Layer<EffectDns.Dns | AddressResolver.AddressResolver | Dns, NetAddress.NetAddressError> =>
  Layer.provideMerge(DnsBridge.layer(Dns), layer(options))

const answer = (job: Job<Tasks>, task: Tasks, result: unknown): void => {
  if (!(result instanceof Failure)) return void job.answer(Exit.succeed(result))
  job.answer(Exit.fail(toLookupError(result, nameOf(task))))
}

const nameOf = (task: Tasks): string => (task._tag === "LookupAddress" ? NetAddress.formatIp(task.address) : task.name)

/** A name outside ASCII in its ASCII form; what is no such name is left for the codec to refuse. */
const toAscii = (name: string): string => {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 0x7f) {
      const host = URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : ""
      return host === "" ? name : host
    }
  }
  return name
}

/** An answer as the task's result; that there is none is the task's failure. */
const recordSet = (result: Answer | Failure, now: number): RecordSet | Failure => {
  if (result instanceof Failure) return result
  if (result.kind !== "records") return new Failure("NotFound", result.code, `says ${result.server}`)
  result.values ??= result.records.map(Records.value)
  const records = result.values as RecordSet["records"]
  return { name: Name.toTextUndotted(result.canonicalName), type: result.type, ttl: result.ttlAt(now), records }
}

const overTcp = (endpoint: Endpoint.Endpoint): Endpoint.Endpoint =>
  endpoint.protocol === "udp" ? { ...endpoint, protocol: "tcp" } : endpoint

const settingsOf = (
  options: Options,
  conf: ResolvConf.ResolvConf,
  hosts: HostsFile.HostsFile
): HostLookup.Settings => ({
  hosts,
  search: options.search ?? conf.search,
  ndots: options.ndots ?? conf.ndots,
  noAaaa: conf.noAaaa,
  sortlist: conf.sortlist,
  order: options.order ?? true
})

const clamp = (value: number, range: { readonly min: number; readonly max: number }): number =>
  Math.max(range.min, Math.min(value, range.max))

const seconds = (input: Duration.Input | undefined, otherwise: number, most: number): number =>
  input === undefined ? otherwise : Math.min(most, Duration.toSeconds(Duration.fromInputUnsafe(input)))

const transportOf = (options: Options, wheel: Wheel.Wheel): Transport.Transport => {
  const idle = options.connectionIdle
  return (
    options.transport?.(wheel) ??
    Transport.node(wheel, {
      udpSocketsPerServer: options.udpSocketsPerServer,
      questionsPerUdpSocket: options.questionsPerUdpSocket,
      connectionIdle: idle === undefined ? undefined : Duration.toMillis(Duration.fromInputUnsafe(idle))
    })
  )
}

const resolverOptions = (
  options: Options,
  conf: ResolvConf.ResolvConf,
  servers: ReadonlyArray<Endpoint.Endpoint>,
  wheel: Wheel.Wheel,
  transport: Transport.Transport
): resolver.Options => {
  const { cache = {} } = options
  const maxOctets = clamp(cache.maxOctets ?? limits.cacheOctets.default, limits.cacheOctets)
  const timeout =
    options.timeout === undefined ? conf.timeout * 1_000 : Duration.toMillis(Duration.fromInputUnsafe(options.timeout))
  return {
    servers: servers.slice(0, maxServers),
    transport,
    wheel,
    timeout: clamp(timeout, limits.timeout),
    attempts: clamp(options.attempts ?? conf.attempts, limits.attempts),
    rotate: options.rotate ?? conf.rotate,
    edns: options.edns ?? true,
    udpPayload: clamp(options.udpPayload ?? limits.udpPayload.default, limits.udpPayload),
    mixCase: options.mixCase ?? true,
    cookies: options.cookies ?? true,
    trustAd: options.trustAd ?? conf.trustAd,
    hedgeShare: clamp(options.hedgeShare ?? limits.hedgeShare.default, limits.hedgeShare),
    specialNames: options.specialNames ?? true,
    cache: {
      maxOctets,
      minTtl: seconds(cache.minTtl, limits.cacheTtl.min, limits.cacheTtl.max),
      maxTtl: seconds(cache.maxTtl, limits.cacheTtl.max, Infinity),
      maxNegativeTtl: seconds(cache.maxNegativeTtl, limits.negativeTtl.max, Infinity),
      staleFor: maxOctets === 0 ? 0 : seconds(cache.staleFor, limits.staleFor.default, limits.staleFor.max)
    },
    prefetch: maxOctets > 0 && (cache.prefetch ?? true),
    guard: rebinding.guard(options.rebindingProtection ?? false),
    outstanding: clamp(options.outstanding ?? limits.outstanding.default, limits.outstanding)
  }
}

/** Our own figures among an executor's, flat. */
const figures = (machine: resolver.Resolver): Readonly<Record<string, number>> => {
  const cache = machine.cache.stats()
  const extra: Record<string, number> = {
    outstanding: machine.outstanding,
    views: machine.views,
    ...machine.counters
  }
  for (const [key, value] of Object.entries(cache)) extra[`cache.${key}`] = value
  for (const [key, value] of Object.entries(machine.channelCounters())) extra[key] = value
  return extra
}

const bounds = (
  limit: { readonly default: number; readonly min: number; readonly max: number },
  unit: string,
  reason: string
) => ({
  default: limit.default,
  min: limit.min,
  max: limit.max,
  unit,
  reason
})

/** The resolver in one configuration with other strategies: its limits under `dns`, for core's `Strategies.make`. */
export const strategy = Strategies.define(
  Section.define("dns", {
    ...Section.ofLimits({
      timeout: bounds(limits.timeout, "ms", "the longest wait for one try, as resolv.conf(5) has it"),
      attempts: bounds(limits.attempts, "rounds", "a question lives for the timeout times this"),
      udpPayload: bounds(limits.udpPayload, "octets", "what fits into a datagram on most paths (DNS flag day 2020)"),
      hedgeShare: bounds(limits.hedgeShare, "of all questions", "extra sends when an answer is later than usual"),
      outstanding: bounds(limits.outstanding, "tasks", "tasks and questions at once"),
      connectionIdle: bounds(limits.connectionIdle, "ms", "how long a connection without questions stays open"),
      cacheOctets: bounds(limits.cacheOctets, "octets", "what the cache may hold; 0 for none")
    }),
    servers: Setting.list({ default: undefined, reason: "name servers; without it, those of resolv.conf" }),
    tcpOnly: Setting.flag({ default: false, reason: "datagrams cost less" }),
    rebindingProtection: Setting.flag({
      default: false,
      reason: "answers may point into private networks, as DNS has it"
    })
  }),
  ({ cacheOctets, ...values }) => make({ ...values, cache: { maxOctets: cacheOctets } })
)
