/** What tests of whole pools do again and again. */
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"

/** Runs the effect with a pool of two threads, unless the options say otherwise, that is closed afterwards. */
export const withPool = <A, E>(
  options: Threads.Options,
  effect: Effect.Effect<A, E, Threads.Threads>
): Effect.Effect<A, E> => Effect.provide(effect, Threads.layer({ maxThreads: 2, ...options }))

/** Begins an effect at once, in a fiber of its own. */
export const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Waits until something holds, looking again after each pause; the test's own time limit is what ends it otherwise. */
export const until = <E, R>(
  holds: Effect.Effect<boolean, E, R>,
  pause: Effect.Effect<void> = Effect.sleep(2)
): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    while (!(yield* holds)) yield* pause
  })

/** One of the pool's own figures. */
export const stat = (name: string) =>
  Threads.Threads.use((pool) => Effect.map(pool.stats, (stats) => stats.extra[name] ?? Number.NaN))
