/**
 * The one place that knows all strategies: their names, how each is made, and which kinds of task a setting means. To
 * add a strategy: its name here, its line in `makers`.
 */
import { Router, type Executor, type Shared } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Os from "node:os"

export const names = ["threads", "reactor", "dns"] as const
export type Name = (typeof names)[number]

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
  exchange: ["Exchange"],
  call: ["Call"]
} as const

export type Setting = keyof typeof kinds

export const settings = Object.keys(kinds) as ReadonlyArray<Setting>

export const allKinds = Object.values(kinds).flat()

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
}

/** The chosen strategies behind one executor that can explain each of its choices. */
export type Strategies = Router.Router<Shared>

type Any = Executor.Executor<any>

const makers: Readonly<Record<Name, (choice: Choice) => Effect.Effect<Any, never, Scope.Scope>>> = {
  // Modules are loaded when they are chosen, so that a survey pays for its own strategies only.
  reactor: (choice) =>
    Effect.flatMap(
      Effect.promise(() => import("@handoff/reactor")),
      ({ Reactor }) =>
        Reactor.make({
          drain: 100,
          ...(choice.nameServer && { nameServers: [formatNameServer(choice.nameServer)] })
        })
    ),
  threads: (choice) =>
    Effect.gen(function* () {
      const [{ Threads }, { Libc }] = yield* Effect.promise(() =>
        Promise.all([import("@handoff/threads"), import("@handoff/threads/libc")])
      )
      const pool = yield* Threads.make({ maxThreads: choice.threads ?? threadsFor(choice), stopTimeout: 100 })
      // Without the C library's addon for this platform the pool is what there is, and lookups are unsupported.
      const libc = yield* Effect.option(Libc.make())
      return yield* Effect.orDie(
        Router.make([pool, ...(Option.isSome(libc) ? [libc.value] : [])] as ReadonlyArray<Any>, { name: "threads" })
      )
    }),
  dns: (choice) =>
    Effect.flatMap(
      Effect.promise(() => import("@handoff/dns")),
      // Who names a name server wants to hear that server, not the hosts file; the reactor's resolver does the same.
      ({ Dns }) =>
        Effect.orDie(Dns.make(choice.nameServer && { servers: [formatNameServer(choice.nameServer)], hosts: false }))
    )
}

/** Makes the strategies that a choice names, and no other; they live as long as the scope. */
export const make = (choice: Choice): Effect.Effect<Strategies, never, Scope.Scope> =>
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
const used = (choice: Choice): ReadonlyArray<Name> => {
  const wanted = new Set<Name | undefined>([...choice.executor, choice.lookup, choice.exchange, choice.call])
  return names.filter((name) => wanted.has(name))
}

/** A choice in a few words: `dns,reactor,threads` or `reactor (call: threads)`. */
export const format = (choice: Pick<Choice, "executor" | "lookup" | "exchange" | "call">): string => {
  const named = settings.flatMap((setting) => (choice[setting] === undefined ? [] : [`${setting}: ${choice[setting]}`]))
  return choice.executor.join(",") + (named.length === 0 ? "" : ` (${named.join(", ")})`)
}

/** The kinds that a survey needs and that nobody of the choice supports. */
export const unsupported = (strategies: Strategies): ReadonlyArray<string> =>
  allKinds.filter((kind) => kind !== "QueryRecords" && !strategies.supports(kind))

/** Whether names are looked up by the C library, which reads the system's own files. */
export const usesThreadsForNames = (choice: Choice): boolean => supporterOf(choice, "lookup") === "threads"

/** Who runs what a setting means, as far as that is known before anything is made. */
const supporterOf = (choice: Choice, setting: Setting): Name | undefined =>
  choice[setting] ?? preferenceFor(choice, setting).find((name) => supports[name].includes(kinds[setting][0]))

/** The strategies that support a kind, for people who have chosen none of them. */
export const supporters = (kind: string): ReadonlyArray<Name> => names.filter((name) => supports[name].includes(kind))

const supports: Readonly<Record<Name, ReadonlyArray<string>>> = {
  threads: ["LookupHost", "LookupAddress", "Exchange", "Call"],
  reactor: ["LookupHost", "LookupAddress", "QueryRecords", "Exchange", "Call"],
  dns: ["LookupHost", "LookupAddress", "QueryRecords"]
}
