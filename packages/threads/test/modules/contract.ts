/** What the contract counts, and what it asks for the caller's trace. */
import { scope } from "@handoff/threads/worker"

/** Adds one in memory that the test shares. */
export const count = (cells: Int32Array, at: number): number => Atomics.add(cells, at, 1)

export const trace = (): string | undefined => scope().carry?.trace?.traceId
