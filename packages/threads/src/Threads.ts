/**
 * A pool of threads for the functions of modules, as an executor of `Call`; and of `Exchange`, one conversation at a
 * time on each thread, for the comparison's sake.
 *
 * Interrupting a call that has not started removes it. One that runs gets its `AbortSignal` (`@handoff/threads/worker`)
 * and is then, by choice, abandoned (its thread is occupied until the function really ends) or its thread is
 * terminated and replaced. Calls on other threads notice nothing.
 */
import {
  type Call,
  CallError,
  type Exchange,
  Executor,
  type ExecutorError,
  Lost,
  Overloaded,
  Section,
  Setting,
  Strategies
} from "@handoff/core"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import os from "node:os"
import * as Bounds from "./Bounds.ts"
import * as Carrying from "./Carrying.ts"
import { Catalogue } from "./Catalogue.ts"
import * as Clock from "./Clock.ts"
import * as Conversation from "./Conversation.ts"
import type { Answer } from "./converse.ts"
import * as Frames from "./Frames.ts"
import { type Ending, Job, type Listener, type OnInterrupt } from "./Job.ts"
import * as Here from "./Here.ts"
import * as Histogram from "./Histogram.ts"
import * as limits from "./limits.ts"
import * as Metrics from "./Metrics.ts"
import * as MessageCrew from "./MessageCrew.ts"
import * as Process from "./Process.ts"
import * as RingCrew from "./RingCrew.ts"
import * as Module from "./Module.ts"
import { type Alarm, type Policy, Pool } from "./Pool.ts"
import { type Birth, type Fault, type Hooks, Mode } from "./protocol.ts"
import { shareOut } from "./shareOut.ts"
import * as Streaming from "./Streaming.ts"
import * as Thread from "./Thread.ts"

/** Threads, queue, habits and hooks of a pool. */
export interface Options extends Thread.ThreadOptions {
  /** Name of the executor in errors, stats and logs. Default `"threads"`. */
  readonly name?: string | undefined
  /** Threads kept even when idle, started without being asked. Default 1; 0 starts the first with the first call. */
  readonly minThreads?: number | undefined
  /** Default: the cores that this process may use. */
  readonly maxThreads?: number | undefined
  /** Calls that a thread may have started at a time; more than 1 helps asynchronous functions. Default 1, most 4,096. */
  readonly callsPerThread?: number | undefined
  /** Calls that may wait. Default 65,536. */
  readonly queueLimit?: number | undefined
  /** What a call meets when the queue is full: it waits as well, is refused, or runs on the caller's thread. */
  readonly whenFull?: "suspend" | "reject" | "caller-runs" | undefined
  /** A thread above the minimum retires after one to two of these without work. Default 30 seconds. */
  readonly idleTimeout?: Duration.Input | undefined
  /** A thread is replaced after so many calls. Default: never. */
  readonly recycleAfter?: number | undefined
  /** Time for a thread's start and its start hook; then it is ended, and has failed to start. Default 60 seconds. */
  readonly startTimeout?: Duration.Input | undefined
  /** Time for a retiring thread's last calls and stop hook. Default 5 seconds. */
  readonly stopTimeout?: Duration.Input | undefined
  /** What becomes of a running call that is given up. Default `"abandon"`. */
  readonly onInterrupt?: OnInterrupt | undefined
  /** Calls of one key run in order on any thread, or in order and always on the same thread. Default `"ordered"`. */
  readonly keys?: "ordered" | "pinned" | undefined
  /** Functions of a module to call in each thread before its first call and after its last. */
  readonly hooks?: Hooks | undefined
  /** A value for the hooks and for `scope().data`; it must survive a structured clone. */
  readonly data?: unknown
  /**
   * `"thread"`, or `"process"`: the same pool over child processes, for functions that may take the whole process down
   * with them. Nothing is moved or shared then, and a call costs ten times as much and more. Default `"thread"`.
   */
  readonly isolation?: "thread" | "process" | undefined
  /** References whose value travels with each call; one whose value cannot be cloned is left out. */
  readonly portable?: ReadonlyArray<Context.Reference<any>> | undefined
}

/** The tasks a pool of threads takes. */
export type Tasks = Call<any> | Exchange

/** A pool: an executor of `Call` and `Exchange`, and modules whose functions are Effects. */
export interface ThreadPool extends Executor.Executor<Tasks>, Module.Caller<never> {
  /** The functions of a module as Effects, with the functions' own types. */
  readonly module: <M>(url: URL | string) => Module.Functions<M>
}

export class Threads extends Context.Service<Threads, ThreadPool>()("@handoff/threads/Threads") {}

/**
 * Makes a pool and starts its minimum of threads. Closing the scope answers what is outstanding and ends all threads. A
 * number out of its range is the caller's mistake: it dies of a `RangeError`.
 */
export const make = (options: Options = {}): Effect.Effect<ThreadPool, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const alarm = makeAlarm(context)
    const name = options.name ?? "threads"
    const report = (message: string, ending: Ending): void => {
      Effect.runForkWith(context)(Effect.logWarning(`${name}: ${message}`, ending.detail ?? ending.how))
    }
    return yield* Effect.acquireRelease(
      Effect.sync(() => assemble(name, options, alarm, report)),
      ({ pool }) => Effect.callback<void>((resume) => pool.close(() => resume(Effect.void)))
    ).pipe(Effect.map(({ threads }) => threads))
  })

/** `make` as a layer: the pool as a service. */
export const layer = (options: Options = {}): Layer.Layer<Threads> => Layer.effect(Threads, make(options))

/**
 * As `layer`, with each option that is given a `Config`; a constant is a `Config.succeed`. A number out of its range is a
 * `ConfigError`.
 */
export const layerConfig = (options: Config.Wrap<Options>): Layer.Layer<Threads, Config.ConfigError> =>
  Layer.effect(Threads, Effect.flatMap(Effect.flatMap(Config.unwrap(options), checked), make))

/** The pool in one configuration with other strategies: its limits under `threads`, for core's `Strategies.make`. */
export const strategy = Strategies.define(
  Section.define("threads", {
    ...Section.ofLimits({
      minThreads: { default: limits.minThreads, min: 0, max: 511, unit: "threads", reason: "kept even when idle" },
      maxThreads: {
        default: os.availableParallelism(),
        min: 1,
        max: limits.maxThreadsLimit,
        unit: "threads",
        reason: "one for each core that this process may use; more compute no faster"
      },
      callsPerThread: {
        default: limits.callsPerThread,
        min: 1,
        max: limits.callsPerThreadLimit,
        unit: "calls",
        reason: "more than 1 helps asynchronous functions only"
      },
      queueLimit: {
        default: limits.queueLimit,
        min: 0,
        max: Infinity,
        unit: "calls",
        reason: "calls that wait to start; 65,536 small ones hold about 20 MB"
      },
      idleTimeout: {
        default: limits.idleTimeout,
        min: 0,
        max: 2 ** 31 - 1,
        unit: "ms",
        reason: "after which a thread above the minimum retires"
      },
      startTimeout: {
        default: limits.startTimeout,
        min: 1,
        max: 2 ** 31 - 1,
        unit: "ms",
        reason: "for a thread's start and its start hook"
      },
      stopTimeout: {
        default: limits.stopTimeout,
        min: 0,
        max: 2 ** 31 - 1,
        unit: "ms",
        reason: "for a retiring thread's last calls and stop hook"
      }
    }),
    whenFull: Setting.word(["suspend", "reject", "caller-runs"], {
      default: "suspend",
      reason: "a call that meets a full queue waits, is refused, or runs on the caller's thread"
    }),
    onInterrupt: Setting.word(["abandon", "terminate"], {
      default: "abandon",
      reason: "a running call that is given up keeps its thread until it ends, or ends with it"
    })
  }),
  // The default of `minThreads` must not pass a smaller maximum.
  (values) => make({ ...values, minThreads: Math.min(values.minThreads, values.maxThreads) })
)

/**
 * The functions of a module, run by whichever pool is provided. `M` is `typeof import("./thumbnails.ts")`; the URL is
 * `new URL("./thumbnails.ts", import.meta.url)`.
 */
export const module = <M>(url: URL | string): Module.Functions<M, Threads> => Module.make<M, Threads>(provided, url)

/**
 * Refused: a closure cannot cross to another thread, and evaluating its source would silently lose what it closes over.
 */
export const of = (f: (...args: any) => unknown): never => {
  throw new TypeError(
    `Threads.of: ${f.name || "the function"} cannot be sent to a thread, because what it closes over stays here. ` +
      `Export it from a module and name that: Threads.module<typeof import("./m.ts")>(new URL("./m.ts", import.meta.url))`
  )
}

/**
 * Publishes a pool's figures as Effect metrics, every so often until the scope closes: gauges `handoff_threads_running`,
 * `_queued`, `_threads`, `_restarts`, `_wait_p99`, ... with the attribute `pool`; those of one worker have `worker` too.
 */
export const publishMetrics = (
  pool: ThreadPool,
  options: { readonly every?: Duration.Input } = {}
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    const every = Math.max(limits.metricsEveryLeast, Bounds.milliseconds("every", options.every ?? 5_000))
    return Metrics.publish(pool).pipe(
      Effect.repeat(Schedule.spaced(every)),
      Effect.forkScoped({ startImmediately: true }),
      Effect.asVoid
    )
  })

const provided: Module.Caller<Threads> = {
  call: (module, name, args, options) => Threads.use((pool) => pool.call(module, name, args, options)),
  stream: (module, name, args, options) =>
    Stream.unwrap(Threads.use((pool) => Effect.succeed(pool.stream(module, name, args, options)))),
  map: (module, name, items, options) => Threads.use((pool) => pool.map(module, name, items, options))
}

const makeAlarm = (context: Context.Context<never>): Alarm => {
  const fork = Effect.runForkWith(context)
  return {
    now: () => performance.now(),
    after: (milliseconds, f) => {
      const fiber = fork(Effect.andThen(Effect.sleep(milliseconds), Effect.sync(f)))
      return () => fiber.interruptUnsafe()
    }
  }
}

const policyOf = (options: Options): Policy => {
  const most = Math.min(os.availableParallelism(), limits.maxThreadsLimit)
  const maxThreads = Bounds.whole("maxThreads", options.maxThreads ?? most, 1, limits.maxThreadsLimit)
  const minThreads = Bounds.whole("minThreads", options.minThreads ?? limits.minThreads, 0)
  const callsPerThread = options.callsPerThread ?? limits.callsPerThread
  const idleTimeout = Bounds.milliseconds("idleTimeout", options.idleTimeout ?? limits.idleTimeout)
  for (const [name, limit] of Object.entries(options.resourceLimits ?? {})) {
    if (limit !== undefined) Bounds.positive(`resourceLimits.${name}`, limit)
  }
  return {
    maxThreads,
    minThreads: Math.min(minThreads, maxThreads),
    // A start without hooks is nothing but work for a core; one that waits for a database is not. And keys are pinned to
    // the threads that there are: the first keys would all go to the first.
    startsAtOnce:
      options.hooks === undefined && options.keys !== "pinned" ? Math.max(1, os.availableParallelism() - 1) : Infinity,
    callsPerThread: Bounds.whole("callsPerThread", callsPerThread, 1, limits.callsPerThreadLimit),
    queueLimit: Bounds.whole("queueLimit", options.queueLimit ?? limits.queueLimit, 0),
    whenFull: options.whenFull ?? "suspend",
    idleTimeout: Math.max(idleTimeout, limits.idleTimeoutLeast),
    recycleAfter: Bounds.whole("recycleAfter", options.recycleAfter ?? limits.recycleAfter, 1),
    startTimeout: Bounds.milliseconds("startTimeout", options.startTimeout ?? limits.startTimeout),
    stopTimeout: Bounds.milliseconds("stopTimeout", options.stopTimeout ?? limits.stopTimeout),
    pinKeys: options.keys === "pinned",
    hasStopHook: options.hooks !== undefined
  }
}

/** A number out of its range is a mistake of the configuration, where it comes from there. */
const checked = (options: Options): Effect.Effect<Options, Config.ConfigError> =>
  Effect.try({
    try: () => {
      policyOf(options)
      return options
    },
    catch: (cause) =>
      new Config.ConfigError(new ConfigProvider.SourceError({ message: (cause as Error).message, cause }))
  })

const failure = (module: string, name: string, fault: Fault): CallError => {
  const { stackTraceLimit } = Error
  // The stack of interest is the worker's; taking this one as well would triple the price of the error.
  Error.stackTraceLimit = 0
  const error = new CallError({
    module,
    function: name,
    errorName: fault.name,
    errorMessage: fault.message,
    ...(fault.stack !== undefined && { errorStack: fault.stack }),
    ...(fault.fields !== undefined && { fields: fault.fields }),
    ...(fault.cause !== undefined && { cause: fault.cause })
  })
  Error.stackTraceLimit = stackTraceLimit
  return error
}

/** The functions that a job of each kind is answered through. */
const makeListeners = (name: string, catalogue: Catalogue) => {
  const kindOf = (job: Job): string => job.task?._tag ?? "Call"
  const common = {
    refused: (job: Job, reason: "full" | "closed", outstanding: number, limit: number) =>
      job.onExit(
        Exit.fail(
          new Overloaded({
            executor: name,
            kind: kindOf(job),
            reason,
            outstanding,
            limit: Number.isFinite(limit) ? limit : Number.MAX_SAFE_INTEGER
          })
        )
      ),
    lost: (job: Job, { cause, detail, exitCode, how }: Ending) =>
      job.onExit(
        Exit.fail(
          new Lost({
            executor: name,
            kind: kindOf(job),
            how,
            ...(exitCode !== undefined && { exitCode }),
            ...(detail !== undefined && { detail }),
            ...(cause !== undefined && { cause })
          })
        )
      )
  }
  const callError = (job: Job, fault: Fault): CallError => {
    const { module, name } = catalogue.definitions[job.fn]!
    return failure(module, name, fault)
  }
  const call: Listener = {
    ...common,
    succeed: (job, value) => job.onExit(Exit.succeed(value)),
    threw: (job, fault) => job.onExit(Exit.fail(callError(job, fault)))
  }
  const exchange: Listener = {
    ...common,
    succeed: (job, value) => job.onExit(Conversation.outcome(value as Answer)),
    threw: (job, fault) => job.onExit(Exit.die(callError(job, fault)))
  }
  const progressing = (onProgress: (value: unknown) => void): Listener => ({
    ...call,
    progress: (_, value) => onProgress(value)
  })
  return { call, exchange, progressing }
}

const assemble = (
  name: string,
  options: Options,
  alarm: Alarm,
  report: (message: string, ending: Ending) => void
): { readonly pool: Pool; readonly threads: ThreadPool } => {
  const policy = policyOf(options)
  const onInterruptDefault = options.onInterrupt ?? "abandon"
  const portable = options.portable ?? []
  const clone = options.isolation === "process" ? Frames.clone : structuredClone
  const catalogue = new Catalogue((definition) => pool.crew.define(definition))
  const listeners = makeListeners(name, catalogue)
  // The moment at which `performance.now()` was 0, by the clock that workers read.
  const timeOrigin = Clock.now() - performance.now()
  const birthOf = (worker: number): Birth => ({
    worker,
    callsAtOnce: policy.callsPerThread,
    definitions: catalogue.definitions,
    hooks: options.hooks,
    data: options.data
  })
  const pool: Pool = new Pool({
    policy,
    alarm,
    report,
    runHere: Here.make(catalogue, options.data),
    crew: (events) =>
      options.isolation === "process"
        ? MessageCrew.make({
            open: Process.open(options),
            callsAtOnce: policy.callsPerThread,
            birth: (worker) => birthOf(worker),
            events
          })
        : RingCrew.make({
            open: Thread.open({ ...options, name }),
            maxThreads: policy.maxThreads,
            callsAtOnce: policy.callsPerThread,
            birth: (worker, ring) => ({ ...birthOf(worker), ring, timeOrigin }),
            events
          })
  })

  const submit = (
    listener: Listener,
    module: string,
    fn: string,
    mode: Mode,
    args: ReadonlyArray<unknown>,
    how: Module.CallOptions,
    task: unknown,
    onExit: (exit: any) => void,
    context: Context.Context<never> | undefined
  ): Job => {
    const order = {
      fn: catalogue.number(module, fn),
      mode,
      args,
      key: how.key,
      priority: Bounds.priority(how.priority),
      transfer: how.transfer,
      carry: Carrying.pack(context, portable, clone),
      onInterrupt: how.onInterrupt ?? onInterruptDefault
    }
    const job = new Job(listener, order, task, onExit, context)
    pool.submit(job)
    return job
  }

  const executor = Executor.make<Tasks>({
    name,
    kinds: ["Call", "Exchange"],
    submitUnsafe: (task, onExit, context) => {
      if (task._tag === "Call") {
        const { args, function: fn, module } = task
        const job = submit(listeners.call, module, fn, Mode.value, args, task, task, onExit, context)
        return () => pool.cancel(job)
      }
      const request = Conversation.request(task)
      if (typeof request === "string") {
        pool.failed++
        onExit(Conversation.bad(task, request))
        return Executor.nothingToCancel
      }
      const { exchange } = listeners
      const { module } = Conversation
      const job = submit(exchange, module, "converse", Mode.alone, [request], nothing, task, onExit, context)
      return () => pool.cancel(job)
    },
    stats: Effect.sync(() => ({ ...pool.counts, extra: extra(pool) }))
  })

  const run = (
    module: string,
    fn: string,
    mode: Mode,
    args: ReadonlyArray<unknown>,
    how: Module.CallOptions
  ): Effect.Effect<any, CallError | ExecutorError> => {
    const listener = how.onProgress === undefined ? listeners.call : listeners.progressing(how.onProgress)
    return Effect.withFiber((fiber) =>
      Effect.callback<any, CallError | ExecutorError>((resume) => {
        const job = submit(listener, module, fn, mode, args, how, undefined, resume, fiber.context)
        return Effect.sync(() => pool.cancel(job))
      })
    )
  }

  const caller: Module.Caller<never> = {
    call: (module, fn, args, how) => run(module, fn, Mode.value, args, how),
    stream: (module, fn, args, how): Stream.Stream<any, CallError | ExecutorError> =>
      Streaming.make((onExit, items, context) => {
        const listener: Listener = {
          ...(how.onProgress === undefined ? listeners.call : listeners.progressing(how.onProgress)),
          items: (_, some) => items(some)
        }
        const job = submit(listener, module, fn, Mode.stream, args, how, undefined, onExit, context)
        return {
          credit: (more) => pool.credit(job, more),
          cancel: () => pool.cancel(job)
        }
      }),
    map: (module, fn, items, how) => {
      const { chunk, ...rest } = how
      return Effect.suspend(() => {
        const usual = Math.max(1, Math.ceil(items.length / (policy.maxThreads * limits.chunksPerThread)))
        const size = Bounds.whole("chunk", chunk ?? usual, 1)
        const chunks: Array<ReadonlyArray<unknown>> = []
        for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size))
        const moved = rest.transfer === undefined ? undefined : shareOut(rest.transfer, chunks)
        const of = (i: number) => (moved === undefined ? rest : { ...rest, transfer: moved[i] })
        return Effect.map(
          Effect.forEach(chunks, (one, i) => run(module, fn, Mode.map, [one], of(i)), { concurrency: "unbounded" }),
          (results) => results.flat()
        )
      })
    }
  }

  /** `Executor.make`'s own `run` with one step less, for the kind that is called a million times a second. */
  const runTask = (task: Tasks): Effect.Effect<any, any> =>
    task._tag !== "Call"
      ? executor.run(task)
      : Effect.callback<any, CallError | ExecutorError>((resume) => {
          const { args, function: fn, module } = task
          const context = Fiber.getCurrent()?.context
          const job = submit(listeners.call, module, fn, Mode.value, args, task, task, resume, context)
          return Effect.sync(() => pool.cancel(job))
        })

  const threads: ThreadPool = {
    ...executor,
    run: runTask,
    ...caller,
    module: (url) => Module.make(caller, url)
  }
  return { pool, threads }
}

const nothing: Module.CallOptions = {}

/** The pool's own figures, and of each worker: times in milliseconds, memory in octets, utilisation from 0 to 1. */
const extra = (pool: Pool): Record<string, number> => {
  const all: Record<string, number> = {
    threads: pool.members.size,
    abandoned: pool.abandoned,
    restarts: pool.restarts
  }
  const wait = new Float64Array(Histogram.buckets)
  const run = new Float64Array(Histogram.buckets)
  for (const { age, figures, worker } of pool.workers()) {
    all[`worker ${worker} done`] = figures.done
    all[`worker ${worker} busy`] = figures.busy
    all[`worker ${worker} utilisation`] = age > 0 ? Math.min(1, figures.busy / age) : 0
    all[`worker ${worker} heapUsed`] = figures.heapUsed
    if (figures.run === undefined) continue
    for (let i = 0; i < Histogram.buckets; i++) {
      wait[i]! += figures.wait?.[i] ?? 0
      run[i]! += figures.run[i]!
    }
    all[`worker ${worker} run p50`] = Histogram.percentile(figures.run, 0.5) / 1000
    all[`worker ${worker} run p99`] = Histogram.percentile(figures.run, 0.99) / 1000
  }
  for (const [name, counts] of [
    ["wait", wait],
    ["run", run]
  ] as const) {
    all[`${name} p50`] = Histogram.percentile(counts, 0.5) / 1000
    all[`${name} p99`] = Histogram.percentile(counts, 0.99) / 1000
  }
  return all
}
