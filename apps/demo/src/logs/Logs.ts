/** Logs as a stream: `Rewriter` between octets in and octets out. */
import type { Executor, Shared } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as limits from "./limits.ts"
import type { Block } from "./Block.ts"
import { type Options, Rewriter, type Statistics } from "./Rewriter.ts"

export interface Rewriting<E> {
  /** Whole lines, in order, with names in the place of addresses. Interrupting it gives the lookups up. */
  readonly octets: Stream.Stream<Uint8Array, E>
  readonly statistics: Statistics
}

/** Rewrites lines; they are read ahead as far as `limits.blocksAhead` while the names of those before are awaited. */
export const rewrite = <E>(
  executor: Executor.Executor<Shared>,
  octets: Stream.Stream<Uint8Array, E>,
  options: Options
): Rewriting<E> => {
  const rewriter = new Rewriter(executor, options)
  const blocks = octets.pipe(
    Stream.map((chunk) => rewriter.read(chunk)),
    Stream.concat(Stream.sync(() => rewriter.end()))
  )
  return {
    octets: Stream.mapEffect(blocks, ready, { concurrency: limits.blocksAhead }).pipe(
      Stream.filter((octets) => octets.length > 0),
      Stream.ensuring(Effect.sync(() => rewriter.close()))
    ),
    statistics: rewriter.statistics
  }
}

const ready = (block: Block): Effect.Effect<Uint8Array> =>
  Effect.suspend(() => {
    if (block.isReady) return Effect.sync(() => block.octets())
    return Effect.callback<Uint8Array>((resume) => {
      block.onReady = () => resume(Effect.sync(() => block.octets()))
      return Effect.sync(() => void (block.onReady = undefined))
    })
  })
