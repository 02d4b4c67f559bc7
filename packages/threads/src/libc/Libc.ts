/**
 * The platform's own C library as an executor: names by all that the system consults, and any blocking C function, on
 * threads that do nothing but wait. They are apart from libuv's pool and from the worker threads that compute.
 *
 * Interruption: a call that waits for a thread is dropped and never starts; one that blocks is abandoned, and its thread
 * stays taken until it returns. `stats.extra.abandoned` counts those. Nothing that JavaScript owns is touched by an
 * abandoned call: it works on copies.
 */
import {
  DnsBridge,
  Executor,
  type LookupAddress,
  type LookupHost,
  NodeLookup,
  Section,
  Setting,
  Strategies
} from "@handoff/core"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as AddressResolver from "effect/net/AddressResolver"
import type * as Dns from "effect/net/Dns"
import type * as Scope from "effect/Scope"
import * as Addon from "./Addon.ts"
import type { Backend } from "./Backend.ts"
import { BlockingPool, type Kind } from "./BlockingPool.ts"
import { LibcUnavailable } from "./LibcUnavailable.ts"
import * as limits from "./limits.ts"
import { lookupAddress, lookupHost } from "./lookups.ts"
import { type CFunction, cFunction } from "./tasks/CFunction.ts"
import { type GetAddrInfo, getAddrInfo } from "./tasks/GetAddrInfo.ts"
import { type GetHostByAddress, type GetHostByName, getHostByAddress, getHostByName } from "./tasks/GetHost.ts"
import { type GetNameInfo, getNameInfo } from "./tasks/GetNameInfo.ts"
import * as Workers from "./Workers.ts"

/** Threads, queue and habits of the blocking threads. */
export interface Options {
  /** Shown in errors, metrics and logs; default `libc`. */
  readonly name?: string | undefined
  /** Calls that block at once; default 64, 1 to 1,000 (with workers 8, to 64). */
  readonly threads?: number | undefined
  /** Calls that wait for a thread beyond those; default 100,000. */
  readonly queueLimit?: number | undefined
  /** How long a call may take, waiting included; default: as long as the platform makes it. */
  readonly timeout?: Duration.Input | undefined
  /** After which an idle thread ends; default 10 seconds. */
  readonly idleTime?: Duration.Input | undefined
  /** Stack of each thread; default 524,288. */
  readonly stackOctets?: number | undefined
  /** `auto` (the default): the addon's threads, or workers where it does not load. */
  readonly backend?: "auto" | "addon" | "workers" | undefined
}

/** The tasks it takes. */
export type Tasks =
  | LookupHost
  | LookupAddress
  | GetAddrInfo
  | GetNameInfo
  | GetHostByName
  | GetHostByAddress
  | CFunction

/** The executor of lookups and C functions, and how it makes them wait elsewhere. */
export interface Shape extends Executor.Executor<Tasks> {
  /** What makes the calls block elsewhere. */
  readonly backend: "addon" | "workers"
}

export class Libc extends Context.Service<Libc, Shape>()("@handoff/threads/Libc") {}

const kinds: ReadonlyArray<Kind> = [
  lookupHost,
  lookupAddress,
  getAddrInfo,
  getNameInfo,
  getHostByName,
  getHostByAddress,
  cFunction
]

/** An executor over the C library; it lives as long as the scope. Fails at once where no way to call it exists. */
export const make = (options: Options = {}): Effect.Effect<Shape, LibcUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const name = options.name ?? "libc"
    const [pool, backend] = yield* Effect.acquireRelease(
      Effect.map(startBackend(options), (backend) => {
        const queueLimit = limits.clamp(limits.queue, options.queueLimit)
        const pool = new BlockingPool(backend, kinds, { name, queueLimit, timeout: millisOf(options.timeout) })
        return [pool, backend.name] as const
      }),
      ([pool]) => Effect.sync(() => pool.close())
    )
    const executor = Executor.make<Tasks>({
      name,
      kinds: kinds.map((kind) => kind.kind) as ReadonlyArray<Tasks["_tag"]>,
      submitUnsafe: (task, onExit, _context, watch) => pool.submit(task, onExit, watch),
      stats: Effect.sync(() => pool.stats())
    })
    return { ...executor, backend }
  })

/** `make` as a layer: the executor as a service. */
export const layer = (options?: Options): Layer.Layer<Libc, LibcUnavailable> => Layer.effect(Libc, make(options))

/**
 * The options from the environment: `LIBC_THREADS`, `LIBC_QUEUE_LIMIT`, `LIBC_TIMEOUT`, `LIBC_IDLE_TIME`,
 * `LIBC_STACK_OCTETS`, `LIBC_BACKEND`, as far as they are set.
 */
export const config: Config.Config<Options> = Config.all({
  threads: Config.Int("THREADS").pipe(Config.withDefault(undefined)),
  queueLimit: Config.Int("QUEUE_LIMIT").pipe(Config.withDefault(undefined)),
  timeout: Config.Duration("TIMEOUT").pipe(Config.withDefault(undefined)),
  idleTime: Config.Duration("IDLE_TIME").pipe(Config.withDefault(undefined)),
  stackOctets: Config.Int("STACK_OCTETS").pipe(Config.withDefault(undefined)),
  backend: Config.Literals(["auto", "addon", "workers"], "BACKEND").pipe(Config.withDefault("auto" as const))
}).pipe(Config.nested("LIBC"))

/** As `layer`, with each option read from configuration. */
export const layerConfig = (
  options: Config.Wrap<Options> = config
): Layer.Layer<Libc, LibcUnavailable | Config.ConfigError> =>
  Layer.effect(Libc, Effect.flatMap(Config.unwrap(options), make))

/**
 * Effect's own name services over it: programs that use `Dns` or `AddressResolver` ask the platform, cancellable and
 * without libuv's pool. `Dns.resolve` fails as `Unsupported`: the platform has no call for record types.
 */
export const layerDns: Layer.Layer<Dns.Dns | AddressResolver.AddressResolver, never, Libc> = DnsBridge.layer(
  // It answers QueryRecords with `Unsupported`, which is what the bridge expects of a strategy without records.
  Libc as unknown as Context.Key<Libc, Executor.Executor<DnsBridge.Lookups>>
)

/** The `lookup` option of `http`, `net`, `tls` and undici, as a function of the shape of `dns.lookup`. */
export const nodeLookup: (libc: Executor.Executor<LookupHost>) => NodeLookup.Lookup = NodeLookup.make

const startBackend = (options: Options): Effect.Effect<Backend, LibcUnavailable> =>
  Effect.gen(function* () {
    const idleMillis = limits.clamp(limits.idleMillis, millisOf(options.idleTime))
    const reasons: Array<string> = []
    if (options.backend !== "workers") {
      const addon = Addon.load()
      if ("create" in addon) {
        const threads = limits.clamp(limits.threads, options.threads)
        const stackOctets = limits.clamp(limits.stackOctets, options.stackOctets)
        return Addon.makeBackend(addon, { threads, stackOctets, idleMillis })
      }
      reasons.push(...addon)
    }
    if (options.backend !== "addon") {
      const threads = limits.clamp(limits.workers, options.threads)
      const backend = yield* Effect.promise(() => Workers.load({ threads, idleMillis }))
      if (typeof backend !== "string") return backend
      reasons.push(backend)
    }
    return yield* new LibcUnavailable({ target: Addon.target(), reasons })
  })

const millisOf = (duration: Duration.Input | undefined): number | undefined =>
  duration === undefined ? undefined : Duration.toMillis(duration)

const bounds = (limit: limits.Limit, unit: string, reason: string) => ({
  default: limit.default,
  min: limit.minimum,
  max: limit.maximum,
  unit,
  reason
})

/** The C library in one configuration with other strategies: its limits under `libc`, for core's `Strategies.make`. */
export const strategy = Strategies.define(
  Section.define("libc", {
    ...Section.ofLimits({
      threads: bounds(limits.threads, "threads", "calls that block at once; each costs some kilobytes"),
      queueLimit: bounds(limits.queue, "calls", "calls that wait for a thread"),
      idleTime: bounds(limits.idleMillis, "ms", "after which an idle thread ends"),
      stackOctets: bounds(limits.stackOctets, "octets", "stack of each thread")
    }),
    backend: Setting.word(["auto", "addon", "workers"], {
      default: "auto",
      reason: "the addon's threads, or workers where it does not load"
    })
  }),
  (values) => make(values)
)
