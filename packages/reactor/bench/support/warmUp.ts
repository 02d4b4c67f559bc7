/**
 * Time that every client gets before it is measured. V8 compiles what runs often in the background, over the first
 * hundred thousand exchanges of a process, and takes more of the processor for it than the exchanges do: whoever is
 * measured meanwhile is compared by how much code it has, not by how fast that runs.
 */
import type { Bench } from "@handoff/bench"

/** Milliseconds. */
export const warmUp = (ctx: Bench.Context): number => (ctx.quick ? 1_000 : 3_000)
