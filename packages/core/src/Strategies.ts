/**
 * Several strategies and one configuration: those that the configuration names are made, a router hands tasks out among
 * them, and a changed configuration takes effect while the program runs.
 *
 * `reload` first reads and makes everything that is new; if any of that fails, nothing has changed. Then new tasks go
 * to the new strategies, and an old one is closed when it has answered its last task. No task is lost by it.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Executor } from "./Executor.ts"
import { observe } from "./observability/observe.ts"
import * as Router from "./Router.ts"
import * as RouterSettings from "./RouterSettings.ts"
import type * as Section from "./settings/Section.ts"
import * as Settings from "./settings/Settings.ts"
import type { SettingsError } from "./settings/SettingsError.ts"
import type { Source } from "./settings/Source.ts"
import type * as Task from "./Task.ts"

/** A way to make an executor from its section of the configuration; its name is the section's. */
export interface Strategy<T extends Task.Any, E, R, F extends Section.Fields = any> {
  readonly section: Section.Section<F>
  readonly make: (values: Section.Values<F>) => Effect.Effect<Executor<T>, E, R>
}

/** A strategy for `make`: its section, and how it is made from the section's values. */
export const define = <F extends Section.Fields, T extends Task.Any, E, R>(
  section: Section.Section<F>,
  make: (values: Section.Values<F>) => Effect.Effect<Executor<T>, E, R>
): Strategy<T, E, R, F> => ({ section, make })

/** A strategy alone, as a layer that reads its own section. */
export const layerConfig = <I, T extends Task.Any, E, R>(
  key: Context.Key<I, Executor<T>>,
  strategy: Strategy<T, E, R>,
  sources?: ReadonlyArray<Source>
): Layer.Layer<I, E | SettingsError, Exclude<R, Scope.Scope>> =>
  Layer.effect(key, Effect.flatMap(Settings.loadSection(strategy.section, sources), strategy.make))

/** Where the configuration is read from. */
export interface Options {
  /** Kinds that a configuration may name. Default: the shared ones. */
  readonly kinds?: ReadonlyArray<Task.Kind>
  /** Read at the start and again by every `reload`. Default: the current `ConfigProvider`. */
  readonly sources?: Effect.Effect<ReadonlyArray<Source>, SettingsError>
  /** The router's name; default "router". */
  readonly name?: string
}

/** The strategies that the configuration named, the router over them, and `reload`. */
export interface Assembly<T extends Task.Any, E> {
  readonly router: Router.Router<T>
  /** The names of the strategies that are made. */
  readonly running: Effect.Effect<ReadonlyArray<string>>
  /** Reads the configuration again and takes it into effect; tells which strategies were made anew. */
  readonly reload: Effect.Effect<ReadonlyArray<string>, E | SettingsError | Router.UnknownExecutor>
}

/** The tasks that one or another of these strategies runs. */
export type TasksOf<S extends ReadonlyArray<Strategy<any, any, any>>> = S[number] extends infer One
  ? One extends Strategy<infer T, any, any>
    ? T
    : never
  : never
/** What making these strategies may fail with. */
export type ErrorOf<S extends ReadonlyArray<Strategy<any, any, any>>> =
  S[number] extends Strategy<any, infer E, any> ? E : never
/** What making these strategies needs. */
export type ServicesOf<S extends ReadonlyArray<Strategy<any, any, any>>> =
  S[number] extends Strategy<any, any, infer R> ? Exclude<R, Scope.Scope> : never

/** A strategy that is made: what of, and the scope to close when it is no longer needed. */
interface Made {
  readonly executor: Executor<any>
  readonly scope: Scope.Closeable
  /** Its values as text, to see whether they have changed. */
  readonly values: string
}

/** Builds the strategies that the configuration names, and a router over them. Fails with all mistakes at once. */
export const make = <const S extends ReadonlyArray<Strategy<any, any, any>>>(
  strategies: S,
  options?: Options
): Effect.Effect<
  Assembly<TasksOf<S>, ErrorOf<S>>,
  ErrorOf<S> | SettingsError | Router.UnknownExecutor,
  ServicesOf<S> | Scope.Scope
> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<any>()
    const parent = yield* Effect.scope
    const router = yield* Router.make([], options?.name === undefined ? {} : { name: options.name })
    const made = new Map<string, Made>()
    const oneAtATime = yield* Semaphore.make(1)

    const start = Effect.fnUntraced(function* (strategy: Strategy<any, any, any>, values: any) {
      const scope = yield* Scope.fork(parent)
      const executor = yield* strategy.make(values).pipe(
        Scope.provide(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      // The configuration knows a strategy by its section's name, and so must the router.
      const named = observe({ ...executor, name: strategy.section.name })
      return { executor: named, scope, values: JSON.stringify(values) } satisfies Made
    })

    /** Exchanges now; in the background, closes what was replaced once it has answered its last task. */
    const retire = (old: Made | undefined, exchange: Effect.Effect<void>) =>
      Effect.forkIn(
        Effect.andThen(exchange, old === undefined ? Effect.void : Scope.close(old.scope, Exit.void)),
        parent,
        { startImmediately: true }
      )

    const apply = Effect.gen(function* () {
      const sources = options?.sources === undefined ? undefined : yield* options.sources
      const byKind = RouterSettings.kinds(options?.kinds)
      const sections = [RouterSettings.top, byKind, ...strategies.map(({ section }) => section)]
      const values = (yield* Settings.load(sections, sources)) as Record<string, any>
      const policy = RouterSettings.toPolicy(values[""], values["kinds"])
      const wanted = namedIn(policy)
      const known = strategies.map(({ section }) => section.name)
      const unknown = Router.unknownIn(policy, known)
      if (unknown !== undefined) return yield* unknown
      const needed = strategies.filter(({ section }) => wanted === undefined || wanted.has(section.name))
      const stale = needed.filter(
        ({ section }) => made.get(section.name)?.values !== JSON.stringify(values[section.name])
      )

      const fresh: Array<readonly [name: string, Made]> = []
      yield* Effect.forEach(stale, (strategy) =>
        Effect.map(start(strategy, values[strategy.section.name]), (one) => fresh.push([strategy.section.name, one]))
      ).pipe(
        Effect.onError((cause) => Effect.forEach(fresh, ([, one]) => Scope.close(one.scope, Exit.failCause(cause))))
      )

      for (const [name, one] of fresh) {
        const old = made.get(name)
        made.set(name, one)
        yield* retire(old, router.replace(one.executor))
      }
      yield* router.setPolicy(policy)
      for (const [name, old] of made) {
        if (needed.some(({ section }) => section.name === name)) continue
        made.delete(name)
        yield* retire(old, router.remove(name))
      }
      return fresh.map(([name]) => name)
    })

    const reload = oneAtATime.withPermits(1)(Effect.uninterruptible(Effect.provideContext(apply, context)))
    yield* reload
    return { router, running: Effect.sync(() => [...made.keys()]), reload }
  }) as any

/**
 * The router over the strategies that the configuration names, under a service key. The key may promise kinds that no
 * configured strategy runs (`AppExecutor` promises all shared ones): only the configuration knows, and what nobody runs
 * is answered with `Unsupported`.
 */
export const layer = <I, T extends Task.Any, const S extends ReadonlyArray<Strategy<any, any, any>>>(
  key: Context.Key<I, Executor<T>>,
  strategies: S,
  options?: Options
): Layer.Layer<I, ErrorOf<S> | SettingsError | Router.UnknownExecutor, ServicesOf<S>> =>
  Layer.effect(
    key,
    Effect.map(make(strategies, options), ({ router }): Executor<any> => router)
  )

/** The names that a policy needs; undefined: all. */
const namedIn = (policy: Router.Policy): ReadonlySet<string> | undefined => {
  if (policy.preference === undefined) return undefined
  return new Set([...policy.preference, ...Object.values(policy.kinds ?? {}).flat()])
}
