/**
 * The platform's own C library as an executor: names by all that the system consults, and any blocking C function, on
 * threads that do nothing but wait. They are apart from libuv's pool and from the worker threads that compute.
 *
 * Interruption: a call that waits for a thread is dropped and never starts; one that blocks is abandoned, and its thread
 * stays taken until it returns. `stats.extra.abandoned` counts those.
 */
import { Executor, type LookupAddress, type LookupHost } from "@handoff/core"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Addon from "./Addon.ts"
import type { Backend } from "./Backend.ts"
import { BlockingPool, type Kind } from "./BlockingPool.ts"
import { LibcUnavailable } from "./LibcUnavailable.ts"
import * as limits from "./limits.ts"
import { lookupAddress, lookupHost } from "./lookups.ts"

export interface Options {
  /** Shown in errors, metrics and logs; default `libc`. */
  readonly name?: string | undefined
  /** Calls that block at once; default 64, 1 to 1,000. */
  readonly threads?: number | undefined
  /** Calls that wait for a thread beyond those; default 100,000. */
  readonly queueLimit?: number | undefined
  /** How long a call may take, waiting included; default: as long as the platform makes it. */
  readonly timeout?: Duration.Input | undefined
  /** After which an idle thread ends; default 10 seconds. */
  readonly idleTime?: Duration.Input | undefined
  /** Stack of each thread; default 524,288. */
  readonly stackOctets?: number | undefined
}

/** The tasks it takes. */
export type Tasks = LookupHost | LookupAddress

export class Libc extends Context.Service<Libc, Executor.Executor<Tasks>>()("@handoff/threads/Libc") {}

const kinds: ReadonlyArray<Kind> = [lookupHost, lookupAddress]

const acquireBackend = (options: Options): Effect.Effect<Backend, LibcUnavailable> =>
  Effect.suspend(() => {
    const addon = Addon.load()
    if (!("create" in addon)) {
      return Effect.fail(new LibcUnavailable({ target: Addon.target(), reasons: addon }))
    }
    return Effect.succeed(
      Addon.makeBackend(addon, {
        threads: limits.clamp(limits.threads, options.threads),
        stackOctets: limits.clamp(limits.stackOctets, options.stackOctets),
        idleMillis: limits.clamp(limits.idleMillis, millisOf(options.idleTime))
      })
    )
  })

const millisOf = (duration: Duration.Input | undefined): number | undefined =>
  duration === undefined ? undefined : Duration.toMillis(duration)

/** An executor over the C library; it lives as long as the scope. */
export const make = (options: Options = {}): Effect.Effect<Executor.Executor<Tasks>, LibcUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const name = options.name ?? "libc"
    const pool = yield* Effect.acquireRelease(
      Effect.map(
        acquireBackend(options),
        (backend) =>
          new BlockingPool(backend, kinds, {
            name,
            queueLimit: limits.clamp(limits.queue, options.queueLimit),
            timeout: millisOf(options.timeout)
          })
      ),
      (pool) => Effect.sync(() => pool.close())
    )
    return Executor.make<Tasks>({
      name,
      kinds: kinds.map((kind) => kind.kind) as ReadonlyArray<Tasks["_tag"]>,
      submitUnsafe: (task, onExit, _context, watch) => pool.submit(task, onExit, watch),
      stats: Effect.sync(() => pool.stats())
    })
  })

export const layer = (options?: Options): Layer.Layer<Libc, LibcUnavailable> => Layer.effect(Libc, make(options))

/** The options from the environment: `THREADS`, `QUEUE_LIMIT`, `TIMEOUT`, `IDLE_TIME`, `STACK_OCTETS` under `LIBC`. */
export const config: Config.Config<Options> = Config.all({
  threads: Config.Int("THREADS").pipe(Config.withDefault(undefined)),
  queueLimit: Config.Int("QUEUE_LIMIT").pipe(Config.withDefault(undefined)),
  timeout: Config.Duration("TIMEOUT").pipe(Config.withDefault(undefined)),
  idleTime: Config.Duration("IDLE_TIME").pipe(Config.withDefault(undefined)),
  stackOctets: Config.Int("STACK_OCTETS").pipe(Config.withDefault(undefined))
}).pipe(Config.nested("LIBC"))

export const layerConfig = (
  options: Config.Wrap<Options> = config
): Layer.Layer<Libc, LibcUnavailable | Config.ConfigError> =>
  Layer.effect(Libc, Effect.flatMap(Config.unwrap(options), make))
