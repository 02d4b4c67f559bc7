/**
 * What names cost the rest of a program: how long reading a small file and hashing a password take while names are
 * looked up, how long a name takes, and how many come back in a second.
 *
 * Node's own `dns.lookup` blocks threads of the pool that its files, hashes and compression use. The post of 2005 says
 * that files then wait for names. libuv has since limited names to half of the pool (`uv__slow_work_thread_threshold`,
 * `(threads + 1) / 2`), which shows: with the usual four threads it is names that wait for names, and files only with a
 * pool of one thread. Both are measured, each in a process of its own, because the pool's size is fixed at its start.
 */
import { LookupHost } from "@handoff/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Crypto from "node:crypto"
import * as Dns from "node:dns"
import * as Fs from "node:fs/promises"
import * as Url from "node:url"
import { zone } from "../lab/Plan.ts"
import type { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import * as Spread from "./Spread.ts"

/** Who looks names up; `one thread` is `dns.lookup` with a pool of one. */
export const sources = ["nobody", "dns.lookup", "dns.lookup, one thread", ...strategies.local] as const
export type Source = (typeof sources)[number]

export const isSource = (words: string): words is Source => (sources as ReadonlyArray<string>).includes(words)

/** What has to be in the environment of a process that measures this. */
export const environment = (source: Source): Readonly<Record<string, string>> => ({
  UV_THREADPOOL_SIZE: source === "dns.lookup, one thread" ? "1" : "4"
})

/** Milliseconds: medians of what one process saw, and the mean for names. */
export interface Measured {
  readonly source: Source
  /** To read a small file, and the 99th of a hundred. */
  readonly file: number
  readonly fileP99: number
  /** To hash a password on the pool (PBKDF2). */
  readonly hash: number
  /** From asking for a name to its answer; absent where nobody asks. */
  readonly name?: number
  readonly namesPerSecond: number
}

/** Names being looked up at any time. */
export const lookups = 32

/** Milliseconds for which files are read and passwords hashed, one after the other. */
export const span = { default: 2_000, minimum: 100, maximum: 60_000 } as const

/** Reads and hashes while that source looks names up, each of them a new one, so that no cache knows it. */
export const measure = Effect.fnUntraced(function* (
  source: Source,
  nameServer: strategies.NameServer,
  milliseconds: number
): Effect.fn.Return<Measured, Trouble, Scope.Scope> {
  const look = yield* lookerFor(source, nameServer)
  let asked = 0
  let answered = 0
  if (look !== undefined) {
    const one = Effect.suspend(() => look(`${source.replaceAll(/[^a-z]/g, "-")}-${asked++}.${zone}`))
    const counted = Effect.map(one, () => void answered++)
    for (let index = 0; index < lookups; index++) yield* Effect.forkScoped(Effect.forever(counted))
    // Until the first answers have come.
    yield* Effect.sleep(300)
  }
  const file = Url.fileURLToPath(import.meta.url)
  const files: Array<number> = []
  const hashes: Array<number> = []
  const before = answered
  const began = performance.now()
  while (performance.now() - began < milliseconds || files.length < 3) {
    files.push(yield* timed(() => Fs.readFile(file)))
    hashes.push(yield* timed(() => hash()))
    // A program that does something else between reads; back to back they would hide who waits.
    yield* Effect.sleep(5)
  }
  const seconds = (performance.now() - began) / 1_000
  const perSecond = (answered - before) / seconds
  return {
    source,
    file: Spread.of(files).median,
    fileP99: files.toSorted((a, b) => a - b)[Math.floor(files.length * 0.99)]!,
    hash: Spread.of(hashes).median,
    // Little's law: what is on its way is what comes in a second times how long it takes. To time the answers would leave
    // out the names that were still waiting in the end.
    ...(perSecond > 0 && { name: (1_000 * lookups) / perSecond }),
    namesPerSecond: Math.round(perSecond)
  }
})

const timed = (act: () => Promise<unknown>): Effect.Effect<number> =>
  Effect.promise(async () => {
    const began = performance.now()
    await act()
    return performance.now() - began
  })

/** About a millisecond of work. */
const hash = () =>
  new Promise<void>((resolve, reject) =>
    Crypto.pbkdf2("password", "salt", 2_000, 32, "sha256", (error) => (error === null ? resolve() : reject(error)))
  )

const lookerFor = Effect.fnUntraced(function* (source: Source, nameServer: strategies.NameServer) {
  if (source === "nobody") return undefined
  if (!strategies.isName(source)) return yield* nodeLookup
  const executor = yield* strategies.make({ executor: [source], nameServer })
  return (name: string) => Effect.ignore(executor.run(new LookupHost({ name, family: "IPv4" })))
})

/** Node's own, which cannot be given up: closing the scope waits for what it has begun. */
const nodeLookup = Effect.gen(function* () {
  const pending = new Set<Promise<void>>()
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(pending)))
  return (name: string) =>
    Effect.promise(() => {
      const looking = new Promise<void>((resolve) => Dns.lookup(name, { family: 4 }, () => resolve()))
      pending.add(looking)
      return looking.then(() => void pending.delete(looking))
    })
})
