/**
 * What a function can learn and do about its own call, from inside the worker: `@handoff/threads/worker`.
 *
 * A module that never imports this file pays nothing for it. No import of Effect.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import type { Carry } from "./protocol.ts"

export type { Carry }

export interface CallScope {
  /** Aborted when the caller gives the call up. A synchronous function cannot see the event: see `isAborted`. */
  readonly signal: AbortSignal
  /** Whether the caller gave the call up, read afresh: for loops that never return to the event loop. */
  readonly isAborted: () => boolean
  /** Tells the caller how far the call has got; any value that survives a structured clone. */
  readonly progress: (value: unknown) => void
  /** The caller's trace, log annotations and portable references. */
  readonly carry: Carry
  /** Number of the worker that runs the call; a replacement may take the number of a worker that died. */
  readonly worker: number
  /** The pool's `data` option. */
  readonly data: unknown
}

const registryKey = Symbol.for("@handoff/threads/CallScope")

/** How the worker finds this module, if the user's module loaded it (perhaps from another copy of the package). */
export interface Registry {
  readonly run: <A>(scope: CallScope, f: () => A) => A
  readonly current: () => CallScope | undefined
}

const host = globalThis as unknown as Record<symbol, Registry | undefined>

const make = (): Registry => {
  const storage = new AsyncLocalStorage<CallScope>()
  return { run: (scope, f) => storage.run(scope, f), current: () => storage.getStore() }
}
const registry = (host[registryKey] ??= make())

/** A scope for when the function was called directly, on the main thread or in a test: never aborted. */
const outside: CallScope = {
  signal: new AbortController().signal,
  isAborted: () => false,
  progress: () => {},
  carry: {},
  worker: -1,
  data: undefined
}

/** The scope of the call that this code runs in, also after an `await`. */
export const scope = (): CallScope => registry.current() ?? outside

/** A result that moves some of its buffers or ports instead of copying them. */
export class Moved<A> {
  readonly value: A
  readonly transfer: ReadonlyArray<unknown>
  /** Seen by the worker even if it has another copy of this class. */
  readonly "~@handoff/threads/Moved" = true
  constructor(value: A, transfer: ReadonlyArray<unknown>) {
    this.value = value
    this.transfer = transfer
  }
}

/**
 * Returns `value` to the caller with the listed buffers and ports moved, not copied. Typed as the value itself, so
 * that the function's own type is what the caller sees.
 */
export const move = <A>(value: A, transfer: ReadonlyArray<ArrayBufferLike | object>): A =>
  new Moved(value, transfer) as unknown as A
