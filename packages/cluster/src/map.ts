/**
 * One function over many items, in chunks of a size that is chosen while it runs: large enough that what the cluster
 * costs for a task is small beside the work in it, small enough that all runners have some until the end.
 *
 * A task costs some tens of microseconds in a full message and about a millisecond alone; a chunk of `chunkMilliseconds`
 * makes that one part in fifty at most. How long an item takes is learnt from the chunks that have come back.
 */
import { Call, type CallError, type Executor, type ExecutorError } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Chunk } from "./each.ts"

/** Which function of which module is called with what, and how much of it at a time. */
export interface MapOptions<A> {
  /** URL of the module on the runners, as for `Call`. */
  readonly module: string
  /** An exported function of one item; what it returns, or what its promise resolves to, is the result. */
  readonly function: string
  readonly items: ReadonlyArray<A>
  /** Milliseconds that a chunk should take where it runs; default 50. */
  readonly chunkMilliseconds?: number
  /** Chunks on their way at once; default 32 for each runner. */
  readonly concurrency?: number
}

/** The results, in the order of the items. The first chunk that fails ends it; the others are given up. */
export const map = <B, A = unknown>(
  executor: Executor.Executor<Call>,
  options: MapOptions<A>
): Effect.Effect<Array<B>, CallError | ExecutorError> =>
  Effect.gen(function* () {
    const { items } = options
    const { extra } = yield* executor.stats
    const lanes = options.concurrency ?? perRunner * Math.max(1, extra["runners"] ?? 1)
    const aim = options.chunkMilliseconds ?? usualMilliseconds
    const out: Array<B> = Array.from({ length: items.length })
    let next = 0
    let done = 0
    let milliseconds = 0

    const lane: Effect.Effect<void, CallError | ExecutorError> = Effect.suspend(() => {
      if (next >= items.length) return Effect.void
      const from = next
      const size = chunkSize({
        left: items.length - from,
        lanes,
        aim,
        itemMilliseconds: done === 0 ? undefined : milliseconds / done
      })
      next = from + size
      const call = new Call<Chunk<B>>({
        module: eachModule,
        function: "each",
        args: [options.module, options.function, items.slice(from, next)]
      })
      return Effect.flatMap(executor.run(call), (chunk) => {
        done += size
        milliseconds += chunk.milliseconds
        for (let i = 0; i < size; i++) out[from + i] = chunk.results[i]!
        return lane
      })
    })
    yield* Effect.forEach(Array.from({ length: lanes }), () => lane, { concurrency: "unbounded", discard: true })
    return out
  })

const perRunner = 32
const usualMilliseconds = 50

const eachModule = new URL(import.meta.url.endsWith(".ts") ? "./each.ts" : "./each.js", import.meta.url).href

/** Items of the next chunk: pure. */
export const chunkSize = (options: {
  readonly left: number
  readonly lanes: number
  /** Milliseconds that a chunk should take. */
  readonly aim: number
  /** Milliseconds of an item; undefined: not known yet. */
  readonly itemMilliseconds: number | undefined
}): number => {
  const { aim, itemMilliseconds, lanes, left } = options
  // The first chunks find out; one item alone would mostly measure what a first call costs.
  if (itemMilliseconds === undefined) return Math.max(1, Math.min(firstItems, Math.floor(left / lanes)))
  const most = Math.round(aim / Math.max(itemMilliseconds, 1e-6))
  // Towards the end chunks shrink, so that no runner is left with the last large one (guided self-scheduling); not below
  // what still makes the way a small part of them: the last of short items would else travel by hundreds of messages.
  const fair = Math.max(Math.ceil(left / (2 * lanes)), Math.round(most / 10))
  return Math.max(1, Math.min(left, fair, most))
}

const firstItems = 8
