/**
 * The one place that knows all strategies: their names, how each is made, and which kinds of task a setting means. To
 * add a strategy: its name here, its line in `makers`.
 */
import { Call, Direct, ExchangeError, Router, type Executor, type Shared } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Os from "node:os"
import { Inspect } from "./inspect/Inspect.ts"
import type { Answer } from "./inspect/onThread.ts"
import { Trouble } from "./program/Trouble.ts"

export const names = ["threads", "reactor", "dns", "cluster"] as const
export type Name = (typeof names)[number]

/** Those that do the work themselves; a cluster has its runners do it, by these. */
export const local = ["threads", "reactor", "dns"] as const satisfies ReadonlyArray<Name>

export const isName = (word: string): word is Name => (names as ReadonlyArray<string>).includes(word)

/** Each where it is at home: names by pure DNS, conversations on the loop, compute on threads. */
export const defaults = { executor: ["dns", "reactor", "threads"] } as const satisfies { executor: ReadonlyArray<Name> }

/** Threads of the pool, where a number is asked for. */
export const threadCount = { minimum: 1, maximum: 511 } as const

/**
 * Threads of the pool otherwise. Compute is no faster with more threads than cores, and one core is the main program's:
 * its loop would wait for the others' time slices. Conversations mostly wait, one to a thread, so a pool that has those
 * wants many.
 */
const threadsFor = (choice: Choice): number =>
  supporterOf(choice, "exchange") === "threads" ? 16 : Math.max(1, Os.availableParallelism() - 1)

/** The kinds that a setting of its own can send elsewhere. */
export const kinds = {
  lookup: ["LookupHost", "LookupAddress", "QueryRecords"],
  exchange: ["Exchange", "Inspect"],
  call: ["Call"]
} as const

export type Setting = keyof typeof kinds

export const settings = Object.keys(kinds) as ReadonlyArray<Setting>

const allKinds = Object.values(kinds).flat()

export interface NameServer {
  readonly address: string
  readonly port: number
}

/** Reads `127.77.0.53:5300`, `[::1]:53`, or an address alone, whose port is 53. */
export const parseNameServer = (words: string): NameServer | undefined => {
  const alone = NetAddress.ipFromString(words)
  if (Result.isSuccess(alone)) return { address: NetAddress.formatIp(alone.success), port: 53 }
  const whole = NetAddress.inetAddressFromString(words)
  return Result.isSuccess(whole) && whole.success.port > 0
    ? { address: NetAddress.formatHost(whole.success), port: whole.success.port }
    : undefined
}

export const formatNameServer = ({ address, port }: NameServer): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`

/** Who runs what. */
export interface Choice {
  /** By preference: each kind goes to the first that supports it. */
  readonly executor: ReadonlyArray<Name>
  /** By name, over the preference. */
  readonly lookup?: Name | undefined
  readonly exchange?: Name | undefined
  readonly call?: Name | undefined
  readonly nameServer?: NameServer | undefined
  /** Threads of the pool; as many as the work wants where undefined. */
  readonly threads?: number | undefined
  /** The database of the cluster; undefined: a cluster of one runner in this process. */
  readonly database?: string | undefined
}

/** The kinds that a survey is made of: the shared ones, and the one of its own. */
export type Tasks = Shared | Inspect

/** The chosen strategies behind one executor that can explain each of its choices. */
export type Strategies = Router.Router<Tasks>

type Any = Executor.Executor<any>

const makers: Readonly<Record<Name, (choice: Choice) => Effect.Effect<Any, Trouble, Scope.Scope>>> = {
  // Modules are loaded when they are chosen, so that a survey pays for its own strategies only.
  reactor: (choice) =>
    Effect.flatMap(
      Effect.promise(() => Promise.all([import("@handoff/reactor"), import("./inspect/onLoop.ts")])),
      ([{ Reactor }, { inspect }]) =>
        Reactor.make({ drain: 100, ...(choice.nameServer && { nameServers: [formatNameServer(choice.nameServer)] }) }, [
          Direct.handle(Inspect, inspect)
        ])
    ),
  threads: (choice) =>
    Effect.gen(function* () {
      const [{ Threads }, { Libc }] = yield* Effect.promise(() =>
        Promise.all([import("@handoff/threads"), import("@handoff/threads/libc")])
      )
      const pool = yield* Threads.make({ maxThreads: choice.threads ?? threadsFor(choice), stopTimeout: 100 })
      // Without the C library's addon for this platform the pool is what there is, and lookups are unsupported.
      const libc = yield* Effect.option(Libc.make())
      const inspector = yield* Direct.make([Direct.handle(Inspect, (task) => inspectOnThread(pool, task))])
      const all: ReadonlyArray<Any> = [pool, inspector, ...(Option.isSome(libc) ? [libc.value] : [])]
      const threads: Any = yield* Effect.orDie(Router.make(all, { name: "threads" }))
      // What the inspector takes are calls of the pool, and are counted there.
      return { ...threads, stats: Option.isSome(libc) ? together(pool as Any, libc.value as Any) : pool.stats }
    }),
  dns: (choice) =>
    Effect.flatMap(
      Effect.promise(() => import("@handoff/dns")),
      // Who names a name server wants to hear that server, not the hosts file; the reactor's resolver does the same.
      ({ Dns }) =>
        Effect.orDie(Dns.make(choice.nameServer && { servers: [formatNameServer(choice.nameServer)], hosts: false }))
    ),
  cluster: (choice) =>
    Effect.gen(function* () {
      if (choice.database === undefined) {
        const { embedded } = yield* Effect.promise(() => import("./cluster/OneRunner.ts"))
        return yield* embedded(yield* make(onRunner(choice)))
      }
      if (choice.nameServer !== undefined) return yield* new Trouble(elsewhere(choice.nameServer))
      const { submitter } = yield* Effect.promise(() => import("./cluster/Member.ts"))
      return yield* submitter({ database: choice.database })
    })
}

/** The conversation as a call of a function, on a thread that does nothing else meanwhile. */
const inspectOnThread = (
  pool: Executor.Executor<Call>,
  { address, ca, port, protocol, serverName, timeout }: Inspect
) =>
  pool
    .run(
      new Call<Answer>({
        module: inspectModule,
        function: "inspect",
        args: [{ address, port, protocol, serverName, timeout, ca }]
      })
    )
    .pipe(
      Effect.catchTag("CallError", Effect.die),
      Effect.flatMap((answer) => {
        if (answer.ok) return Effect.succeed(answer.inspected)
        const { code, reason, stage } = answer
        return Effect.fail(
          new ExchangeError({
            peer: `${address}:${port}`,
            stage,
            reason,
            received: 0,
            ...(code !== undefined && { code })
          })
        )
      })
    )

const inspectModule = import.meta.resolve("#inspect")
/** Counts of two together, and the figures of both: the first one's as they are, the other's behind its name. */
const together = (one: Any, other: Any): Effect.Effect<Executor.Stats> =>
  Effect.zipWith(one.stats, other.stats, (a, b) => ({
    running: a.running + b.running,
    queued: a.queued + b.queued,
    done: a.done + b.done,
    failed: a.failed + b.failed,
    lost: a.lost + b.lost,
    cancelled: a.cancelled + b.cancelled,
    extra: {
      ...a.extra,
      ...Object.fromEntries(Object.entries(b.extra).map(([name, value]) => [`${other.name}.${name}`, value]))
    }
  }))

/** Makes one strategy, as a choice wants it; it lives as long as the scope. */
export const makeOne = (name: Name, choice: Choice): Effect.Effect<Any, Trouble, Scope.Scope> => makers[name](choice)

/** What strategies are made with, and not who runs what: it stays when strategies are switched. */
export type Resources = Omit<Choice, "executor" | Setting>

export const resources = ({ database, nameServer, threads }: Choice): Resources => ({ database, nameServer, threads })

/** What a choice makes a strategy with, in words: one made for another choice will do if the words are the same. */
export const madeWith = (name: Name, choice: Choice): string => {
  const { database = "", nameServer, threads } = choice
  const asks = nameServer === undefined ? "" : formatNameServer(nameServer)
  switch (name) {
    case "threads":
      return String(threads ?? threadsFor(choice))
    case "cluster":
      return `${database} ${asks} ${threads ?? ""}`
    default:
      return asks
  }
}

/** A name server is asked by who runs the task, and that is not this process. */
const elsewhere = (nameServer: NameServer) => ({
  what: "runners of a cluster ask the name server that each was started with, not this command's",
  hint:
    `start them with --name-server ${formatNameServer(nameServer)}; for the lab start \`handoff lab\`, and survey with ` +
    "`handoff lab --list | handoff survey --executor cluster -`"
})

/** The choice for a runner in this process: as by default, with what is said of name server and threads. */
const onRunner = ({ nameServer, threads }: Choice): Choice => ({ executor: defaults.executor, nameServer, threads })

/** Makes the strategies that a choice names, and no other; they live as long as the scope. */
export const make = (choice: Choice): Effect.Effect<Strategies, Trouble, Scope.Scope> =>
  Effect.gen(function* () {
    const executors = yield* Effect.forEach(used(choice), (name) => makers[name](choice))
    return yield* Effect.orDie(Router.make(executors, { name: "handoff", ...policyOf(choice) }))
  })

/** A choice as the router's policy. */
export const policyOf = (choice: Choice): Router.Policy => {
  const ofKinds = settings.flatMap((setting) =>
    kinds[setting].map((kind) => [kind, choice[setting] ?? preferenceFor(choice, setting)] as const)
  )
  return { preference: choice.executor, kinds: Object.fromEntries(ofKinds) }
}

/**
 * The order in which strategies are preferred for a setting's kinds: as chosen, except that those for which it is a last
 * resort come after the others. A reactor can compute only inline, where everything else has to wait for it; whoever
 * wants to see that asks for `reactor` alone or for `--call reactor`.
 */
export const preferenceFor = (choice: Choice, setting: Setting): ReadonlyArray<Name> => {
  const isLast = (name: Name) => lastResort[setting].includes(name)
  return [...choice.executor.filter((name) => !isLast(name)), ...choice.executor.filter(isLast)]
}

const lastResort: Readonly<Record<Setting, ReadonlyArray<Name>>> = { lookup: [], exchange: [], call: ["reactor"] }

/** The strategies that a choice needs. */
export const used = (choice: Choice): ReadonlyArray<Name> => {
  const wanted = new Set<Name | undefined>([...choice.executor, choice.lookup, choice.exchange, choice.call])
  return names.filter((name) => wanted.has(name))
}

/** A choice in a few words: `dns,reactor,threads` or `reactor (call: threads)`. */
export const format = (choice: Pick<Choice, "executor" | "lookup" | "exchange" | "call">): string => {
  const named = settings.flatMap((setting) => (choice[setting] === undefined ? [] : [`${setting}: ${choice[setting]}`]))
  return choice.executor.join(",") + (named.length === 0 ? "" : ` (${named.join(", ")})`)
}

/** The kinds that a survey needs, with or without records, and that nobody of the choice supports. */
export const unsupported = (strategies: Strategies, survey: { readonly hasRecords: boolean }): ReadonlyArray<string> =>
  allKinds.filter((kind) => (survey.hasRecords || kind !== "QueryRecords") && !strategies.supports(kind))

/** Whether names are looked up by the C library, which reads the system's own files. */
export const usesThreadsForNames = (choice: Choice): boolean => supporterOf(choice, "lookup") === "threads"

/** Who runs what a setting means, as far as that is known before anything is made. */
const supporterOf = (choice: Choice, setting: Setting): Name | undefined =>
  choice[setting] ?? preferenceFor(choice, setting).find((name) => supports[name].includes(kinds[setting][0]))

/** The strategies that support a kind, for people who have chosen none of them. */
export const supporters = (kind: string): ReadonlyArray<Name> => names.filter((name) => supports[name].includes(kind))

const supports: Readonly<Record<Name, ReadonlyArray<string>>> = {
  threads: ["LookupHost", "LookupAddress", "Exchange", "Inspect", "Call"],
  reactor: ["LookupHost", "LookupAddress", "QueryRecords", "Exchange", "Inspect", "Call"],
  dns: ["LookupHost", "LookupAddress", "QueryRecords"],
  cluster: allKinds
}
