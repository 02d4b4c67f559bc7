/** Our pool in the benches: as the peers are used (a promise per call), through `run` in fibers, and by callback. */
import { Call } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Pool } from "#src/Pool"
import type { Open, Peer } from "./peers/Peer.ts"

export const module = new URL("./functions.mjs", import.meta.url).href

export const task = (name: string, args: ReadonlyArray<unknown>): Call<any> =>
  new Call({ module, function: name, args })

export interface Ours extends Peer {
  readonly pool: Threads.ThreadPool
}

export const open = async (
  options: Parameters<Open>[0] & { readonly more?: Threads.Options },
  make: typeof Threads.make = Threads.make
): Promise<Ours> => {
  const { memory, more, threads } = options
  const scope = Scope.makeUnsafe()
  const pool = await Effect.runPromise(
    Scope.provide(
      make({
        minThreads: threads,
        maxThreads: threads,
        ...(memory !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memory } }),
        ...more
      }),
      scope
    )
  )
  return {
    pool,
    call: (name, ...args) => Effect.runPromise(pool.run(task(name, args))),
    move: (name, args, transfer) => Effect.runPromise(pool.run(new Call({ module, function: name, args, transfer }))),
    bounded: (milliseconds, name) =>
      Effect.runPromise(pool.call(module, name, [], { onInterrupt: "terminate" }).pipe(Effect.timeout(milliseconds))),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const made: Array<Pool> = []
const submit = Reflect.get(Pool.prototype, "submit")

/** From now on every pool that takes a call is known to `killOne`. */
export const watchPools = (): void => {
  Pool.prototype.submit = function (job) {
    if (!made.includes(this)) made.push(this)
    submit.call(this, job)
  }
}

/** What the calls that `killOne` takes along learn. */
export const killed = "by the bench"

/** Kills a worker of the newest pool, in the middle of whatever it does. No public door leads there. */
export const killOne = (): boolean => {
  const pool = made.at(-1)
  if (pool === undefined) return false
  const ready = [...pool.members].filter(([, member]) => member.state === "ready")
  const victim = ready[Math.floor(Math.random() * ready.length)]
  if (victim === undefined) return false
  pool.terminate(victim[0], { how: "terminated", detail: killed })
  return true
}

/** Runs `total` small calls, `lanes` at a time, each lane a fiber that runs one after the other. Milliseconds. */
export const throughRun = async (pool: Threads.ThreadPool, lanes: number, total: number): Promise<number> => {
  const turns = Math.ceil(total / lanes)
  const lane = Effect.gen(function* () {
    for (let i = 0; i < turns; i++) {
      if ((yield* pool.run(task("add", [i, 1]))) !== i + 1) throw new Error("a sum is wrong")
    }
  })
  const start = performance.now()
  const lanesOfIt = Array.from({ length: lanes }, () => lane)
  await Effect.runPromise(Effect.all(lanesOfIt, { concurrency: "unbounded", discard: true }))
  return performance.now() - start
}

/** As `throughRun`, each lane a chain of callbacks. */
export const throughSubmit = (pool: Threads.ThreadPool, lanes: number, total: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now()
    let sent = 0
    let done = 0
    const onExit = (exit: Exit.Exit<number, unknown>): void => {
      if (exit._tag !== "Success" || exit.value !== 8) return reject(new Error("a sum is wrong"))
      done++
      if (done === total) resolve(performance.now() - start)
      else if (sent < total) next()
    }
    const next = (): void => {
      sent++
      pool.submitUnsafe(task("add", [3, 5]), onExit)
    }
    for (let i = 0; i < lanes; i++) next()
  })
