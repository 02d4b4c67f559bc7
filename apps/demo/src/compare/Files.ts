/**
 * What names cost the rest of a program: how long reading a small file takes while names are looked up, and how many
 * names a second come back. Node's own `dns.lookup` blocks threads of the pool that the file system uses too; libuv lets
 * it have half of the four, so that names wait for names, and files for nobody but an unlucky thread.
 */
import { LookupHost } from "@handoff/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Dns from "node:dns"
import * as Fs from "node:fs/promises"
import * as Url from "node:url"
import { zone } from "../lab/Plan.ts"
import * as strategies from "../strategies.ts"
import * as Spread from "./Spread.ts"

export const sources = ["nobody", "dns.lookup", ...strategies.names] as const
export type Source = (typeof sources)[number]

export interface Figures {
  readonly source: Source
  /** Of one read. */
  readonly milliseconds: Spread.Spread
  readonly namesPerSecond: number
}

/** Names being looked up at any time. */
export const lookups = 32

/** Milliseconds for which files are read, one after the other. */
const duration = 1_000

/** Reads files while that source looks names up, each of them a new one, so that no cache knows it. */
export const measure = Effect.fnUntraced(function* (
  source: Source,
  nameServer: strategies.NameServer
): Effect.fn.Return<Figures, never, Scope.Scope> {
  const look = yield* lookerFor(source, nameServer)
  let asked = 0
  let answered = 0
  if (look !== undefined) {
    const one = Effect.suspend(() => look(`${source.replace(".", "-")}-${asked++}.${zone}`))
    const counted = Effect.tap(one, () => Effect.sync(() => answered++))
    for (let index = 0; index < lookups; index++) yield* Effect.forkScoped(Effect.forever(counted))
    // Until the first answers have come.
    yield* Effect.sleep(300)
  }
  const file = Url.fileURLToPath(import.meta.url)
  const times: Array<number> = []
  const before = answered
  const began = performance.now()
  while (performance.now() - began < duration) {
    const beganOne = performance.now()
    yield* Effect.promise(() => Fs.readFile(file))
    times.push(performance.now() - beganOne)
    // A program that does something else between reads; back to back they would hide who waits.
    yield* Effect.sleep(5)
  }
  const seconds = (performance.now() - began) / 1_000
  return { source, milliseconds: Spread.of(times), namesPerSecond: Math.round((answered - before) / seconds) }
})

const lookerFor = Effect.fnUntraced(function* (source: Source, nameServer: strategies.NameServer) {
  if (source === "nobody") return undefined
  if (source === "dns.lookup") return yield* nodeLookup
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
