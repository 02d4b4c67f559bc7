/**
 * The reactor as an `Executor`: many conversations on one thread, each a state machine that the loop moves.
 *
 * | kind | how |
 * |---|---|
 * | `Exchange` | TCP, TLS, UDP and Unix sockets; its home |
 * | `LookupHost`, `LookupAddress`, `QueryRecords` | c-ares through `node:dns`; the baseline |
 * | `Call` | inline: it delays the loop, and the delay is measured |
 * | kinds of the app's own | a handler that is an Effect (`handlers`) |
 *
 * Interruption: an exchange closes its socket at once and frees everything; a lookup's answer is ignored; a call that
 * has not begun is dropped; a handler is interrupted.
 *
 * Closing: new tasks are refused, those outstanding get `drain` to finish, then what is left is cut and answered
 * with `Lost` (`closed`).
 */
import type { Call, Direct, Exchange, LookupAddress, LookupHost, QueryRecords, Task } from "@handoff/core"
import { Executor, Job, Outstanding, Section, Setting, Strategies } from "@handoff/core"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Dns from "effect/net/Dns"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Exchanges from "./Exchanges.ts"
import { outstanding as deadlines, now } from "./Deadline.ts"
import { Gate } from "./Gate.ts"
import type { AnyHandler } from "./Handlers.ts"
import * as Handlers from "./Handlers.ts"
import { InlineCalls } from "./InlineCall.ts"
import { Kept } from "./Kept.ts"
import * as limits from "./limits.ts"
import { LoopWatch } from "./LoopWatch.ts"
import { Names, toDns } from "./Names.ts"
import * as Opener from "./Opener.ts"

/** The shared kinds that the reactor speaks. */
export type Tasks = Exchange | LookupHost | LookupAddress | QueryRecords | Call<any>

/** Bounds, names, handlers and habits of a reactor. */
export interface Options extends Opener.Options {
  /** Shown in errors and counters; default `reactor`. */
  readonly name?: string | undefined
  /** Connections at once, in all; default 16,384. What is above waits. */
  readonly connections?: number | undefined
  /** Connections at once per host; default as many as in all. */
  readonly perPeer?: number | undefined
  /** Exchanges begun per second, in all and per host; default no limit. */
  readonly rate?: number | undefined
  readonly ratePerPeer?: number | undefined
  /** Tasks that may wait, beside those that run, before `Overloaded`; default 1,000,000. */
  readonly waiting?: number | undefined
  /** Time that outstanding tasks get when the reactor closes; default 1 second. */
  readonly drain?: Duration.Input | undefined
  /** Waits where a task states none; defaults: 10 seconds to connect and for silence, the others none. */
  readonly connectTimeout?: Duration.Input | undefined
  readonly firstByteTimeout?: Duration.Input | undefined
  readonly idleTimeout?: Duration.Input | undefined
  readonly totalTimeout?: Duration.Input | undefined
  /** Happy Eyeballs (RFC 8305): time between attempts, and for which IPv4 waits for IPv6 names. */
  readonly attemptDelay?: Duration.Input | undefined
  readonly resolutionDelay?: Duration.Input | undefined
  /**
   * Keeps connections for the next exchange with the same peer; default: none are kept. Only those whose exchange sends
   * something and awaits a delimiter or at least one octet. If the peer closes one just as it is taken, the exchange
   * fails with `Closed` or `Reset` and is not sent again: the peer may have acted on it. Retry where that does no harm.
   */
  readonly keep?:
    | {
        readonly perPeer?: number | undefined
        readonly idle?: Duration.Input | undefined
        readonly maxAge?: Duration.Input | undefined
        readonly maxUses?: number | undefined
      }
    | undefined
  /** Name servers for the lookups; default the system's. */
  readonly nameServers?: ReadonlyArray<string> | undefined
  /** From what time a handler or call counts as holding the loop, and who is told; default 50 ms. */
  readonly holdThreshold?: Duration.Input | undefined
  readonly onHold?: ((name: string, millis: number) => void) | undefined
}

/** A reactor: an executor that also tells who held its loop. */
export interface Reactor<in T extends Task.Any = Tasks> extends Executor.Executor<T> {
  /** Those who held the loop longer than the threshold, the worst first. */
  readonly holders: LoopWatch["holders"]
}

/** The service of a reactor for the shared kinds. */
export class Service extends Context.Service<Service, Reactor>()("@handoff/reactor/Reactor") {}

const millisOf = (name: string, bounds: limits.Limit, input: Duration.Input | undefined): number =>
  limits.check(name, bounds, input === undefined ? undefined : Duration.toMillis(Duration.fromInputUnsafe(input)))

/**
 * Makes a reactor that lives as long as the scope. Names in exchanges are resolved by the `Dns` service in the context,
 * where there is one, and otherwise by c-ares. `handlers` adds kinds of the app's own.
 *
 * An option outside its range (`limits`) is a defect.
 */
export const make = <const H extends ReadonlyArray<Direct.Handler<any, any>> = readonly []>(
  options: Options = {},
  handlers?: H
): Effect.Effect<
  Reactor<Tasks | Direct.TasksOf<H>>,
  never,
  Scope.Scope | ([H[number]] extends [never] ? never : Direct.ServicesOf<H>)
> =>
  Effect.gen(function* () {
    const name = options.name ?? "reactor"
    const context = yield* Effect.context<any>()
    const provided = yield* Effect.serviceOption(Dns.Dns)
    const names = new Names({ nameServers: options.nameServers })
    const watch = new LoopWatch({
      threshold: millisOf("holdThreshold", limits.holdThreshold, options.holdThreshold),
      onHold: options.onHold
    })
    const calls = new InlineCalls(watch)
    const connections = limits.check("connections", limits.connections, options.connections)
    const gate = new Gate({
      limit: connections,
      perKey: limits.check("perPeer", limits.perPeer, options.perPeer ?? connections),
      rate: options.rate === undefined ? undefined : limits.check("rate", limits.rate, options.rate),
      ratePerKey:
        options.ratePerPeer === undefined ? undefined : limits.check("ratePerPeer", limits.rate, options.ratePerPeer),
      now,
      later: (millis, wake) => {
        const timer = setTimeout(wake, millis)
        return () => clearTimeout(timer)
      }
    })
    const kept =
      options.keep === undefined
        ? undefined
        : new Kept({
            perPeer: limits.check("keep.perPeer", limits.keptPerPeer, options.keep.perPeer),
            idle: millisOf("keep.idle", limits.keptIdle, options.keep.idle),
            maxAge:
              options.keep.maxAge === undefined
                ? undefined
                : Duration.toMillis(Duration.fromInputUnsafe(options.keep.maxAge)),
            maxUses:
              options.keep.maxUses === undefined
                ? undefined
                : limits.check("keep.maxUses", limits.maxUses, options.keep.maxUses)
          })
    const drain = millisOf("drain", limits.drain, options.drain)
    const waiting = limits.check("waiting", limits.waiting, options.waiting)
    const outstanding = new Draining(name, { limit: waiting + connections })
    const leaving = new Leavings()
    const machine = machineOf(options, {
      outstanding,
      leaving,
      opener: Opener.make(options),
      gate,
      kept,
      dns: Option.getOrElse(provided, () => toDns(names))
    })

    const kinds = new Map<string, AnyHandler>((handlers ?? []).map((handler) => [handler.kind, handler]))

    yield* Effect.addFinalizer(() =>
      Effect.callback<void>((resume) => {
        outstanding.isClosed = true
        const cut = (): void => {
          clearTimeout(timer)
          outstanding.drained = undefined
          leaving.drained = undefined
          outstanding.close()
          gate.close()
          kept?.close()
          for (const link of leaving) link.cut()
          names.close()
          watch.close()
          resume(Effect.void)
        }
        const timer = setTimeout(cut, drain)
        const isDone = (): boolean => outstanding.size === 0 && leaving.size === 0
        if (isDone()) cut()
        // The last answer is given before the rest is closed.
        else outstanding.drained = leaving.drained = () => setImmediate(() => isDone() && cut())
      })
    )

    const executor = Executor.make<any>({
      name,
      kinds: ["Exchange", "LookupHost", "LookupAddress", "QueryRecords", "Call", ...kinds.keys()],
      submitUnsafe: (task: Task.Any, onExit, caller, asked) => {
        if (outstanding.refuses(task, onExit)) return Executor.nothingToCancel
        if (task._tag === "Exchange") return Exchanges.start(machine, task as Exchange, onExit, caller, asked)
        const job = outstanding.enrol(new Job(outstanding, task, onExit, asked))
        const answer = (exit: Exit.Exit<any, any>): void => void job.answer(exit)
        switch (task._tag) {
          case "LookupHost":
            job.start()
            names.lookupHost(task as LookupHost, answer)
            break
          case "LookupAddress":
            job.start()
            names.lookupAddress(task as LookupAddress, answer)
            break
          case "QueryRecords":
            job.start()
            names.queryRecords(name, task as QueryRecords, answer)
            break
          case "Call":
            job.release = calls.submit(job as Job<any>)
            break
          default:
            job.start()
            job.release = Handlers.run(kinds.get(task._tag)!, task, answer, context, caller, watch)
        }
        return job.cancel
      },
      stats: outstanding.statsEffect(() => ({
        connections: gate.inside,
        ceiling: gate.ceiling,
        scarcities: gate.scarcities,
        deadlines: deadlines(),
        kept: kept?.size ?? 0,
        reused: kept?.reused ?? 0,
        calls: calls.made,
        callDelayMillis: calls.delayMillis,
        callLongestMillis: calls.longestMillis,
        holds: watch.holders.reduce((sum, holder) => sum + holder.times, 0)
      }))
    })
    return Object.defineProperty(executor, "holders", { get: () => watch.holders, enumerable: true }) as Reactor<any>
  })

/** Tells when the last task is answered or given up. */
class Draining extends Outstanding {
  drained: (() => void) | undefined = undefined
  override forget(job: Job): void {
    super.forget(job)
    if (this.drained !== undefined && this.size === 0) this.drained()
  }
}

/** Tells when the last link has sent the rest of its request. */
class Leavings extends Set<{ readonly cut: () => void }> {
  drained: (() => void) | undefined = undefined
  override delete(link: { readonly cut: () => void }): boolean {
    const was = super.delete(link)
    if (this.drained !== undefined && this.size === 0) this.drained()
    return was
  }
}

const machineOf = (
  options: Options,
  parts: {
    readonly outstanding: Outstanding<any>
    readonly opener: Opener.Opener
    readonly gate: Gate
    readonly kept: Kept | undefined
    readonly leaving: Leavings
    readonly dns: Dns.Dns["Service"]
  }
): Exchanges.Machine => {
  const { opener } = parts
  const dial = {
    dns: parts.dns,
    attemptDelay: millisOf("attemptDelay", limits.attemptDelay, options.attemptDelay),
    resolutionDelay: millisOf("resolutionDelay", limits.resolutionDelay, options.resolutionDelay),
    unresolved: opener.unresolved
  }
  const total = options.totalTimeout
  return {
    outstanding: parts.outstanding,
    gate: parts.gate,
    kept: parts.kept,
    leaving: parts.leaving,
    dial: { ...dial, open: opener.plain },
    dialTls: { ...dial, open: opener.secured },
    timeouts: {
      connect: millisOf("connectTimeout", limits.connectTimeout, options.connectTimeout),
      firstByte:
        options.firstByteTimeout === undefined
          ? Infinity
          : millisOf("firstByteTimeout", limits.firstByteTimeout, options.firstByteTimeout),
      idle: millisOf("idleTimeout", limits.idleTimeout, options.idleTimeout),
      total: total === undefined ? Infinity : Duration.toMillis(Duration.fromInputUnsafe(total))
    }
  }
}

/** A reactor for the shared kinds, as a layer. */
export const layer = (options: Options = {}): Layer.Layer<Service> => Layer.effect(Service, make(options))

/** As `layer`, with options read from configuration. */
export const layerConfig = (options: Config.Wrap<Options>): Layer.Layer<Service, Config.ConfigError> =>
  Layer.effect(
    Service,
    Effect.flatMap(Config.unwrap(options), (read) => make(read))
  )

/** The reactor in one configuration with other strategies: its limits under `reactor`, for core's `Strategies.make`. */
export const strategy = Strategies.define(
  Section.define("reactor", {
    ...Section.ofLimits({
      connections: limits.connections,
      perPeer: limits.perPeer,
      waiting: limits.waiting,
      drain: limits.drain,
      connectTimeout: limits.connectTimeout,
      idleTimeout: limits.idleTimeout,
      attemptDelay: limits.attemptDelay,
      resolutionDelay: limits.resolutionDelay,
      holdThreshold: limits.holdThreshold
    }),
    nameServers: Setting.list({ default: undefined, reason: "name servers for the lookups; without it, the system's" })
  }),
  (values) => make(values)
)
