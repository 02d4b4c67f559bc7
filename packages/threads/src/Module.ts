/**
 * A module's functions as Effects with the functions' own types. Nothing is imported on the caller's side: the type
 * comes from `typeof import(...)`, the module from its URL, in the worker.
 */
import type { CallError, ExecutorError } from "@handoff/core"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { OnInterrupt } from "./Job.ts"

/** What a remote call succeeds with: what a promise resolves to, an iterator's items gathered, or the value itself. */
export type Result<F extends (...args: any) => any> =
  Awaited<ReturnType<F>> extends Generator<infer A, any, any> | AsyncGenerator<infer A, any, any>
    ? ReadonlyArray<A>
    : Awaited<ReturnType<F>>

/** One item of a remote generator. */
export type Item<F extends (...args: any) => any> =
  Awaited<ReturnType<F>> extends Generator<infer A, any, any> | AsyncGenerator<infer A, any, any> ? A : never

/** How a call is to be run; everything is optional. */
export interface CallOptions {
  /** Calls of one key run one after the other, in the order in which they were handed off. */
  readonly key?: string | undefined
  /** Higher runs earlier; one unit is worth a second of waiting. Default 0; no further from it than a million counts. */
  readonly priority?: number | undefined
  /**
   * Buffers and ports of the arguments to move instead of copying. With `map` each goes with the first items that hold it.
   */
  readonly transfer?: ReadonlyArray<unknown> | undefined
  /** What becomes of the running call when the caller gives it up; the pool's choice by default. */
  readonly onInterrupt?: OnInterrupt | undefined
  /** Called for everything that the function tells through `scope().progress`. Must not throw. */
  readonly onProgress?: ((value: unknown) => void) | undefined
}

/** How an array is cut into calls. */
export interface MapOptions extends CallOptions {
  /** Items per call, at least 1. Default: enough calls to keep every thread busy eight times over. */
  readonly chunk?: number | undefined
}

/** A function of a module in a worker. */
export interface Remote<F extends (...args: any) => any, R = never, E = never> {
  /** Runs it. Interrupting drops a queued call; a running one is abandoned or its worker terminated, as chosen. */
  (...args: Parameters<F>): Effect.Effect<Result<F>, CallError | ExecutorError | E, R>
  /**
   * The items of a generator function one by one. The generator runs at most 64 items ahead of what the stream has taken
   * in, so at most 128 ahead of its consumer.
   */
  readonly stream: (...args: Parameters<F>) => Stream.Stream<Item<F>, CallError | ExecutorError | E, R>
  /** Calls it for every item, in chunks on all threads, as `array.map` does: with the item and its index in the chunk. */
  readonly map: (
    items: ReadonlyArray<Parameters<F>[0]>,
    options?: MapOptions
  ) => Effect.Effect<Array<Awaited<ReturnType<F>>>, CallError | ExecutorError | E, R>
  /**
   * The same function with other options; `timeout` includes the wait in the queue, and is an interruption. Of a stream
   * it is the longest wait for what comes next.
   */
  readonly with: {
    (options: CallOptions & { readonly timeout: Duration.Input }): Remote<F, R, E | Cause.TimeoutError>
    (options: CallOptions): Remote<F, R, E>
  }
}

/** The functions among a module's exports. */
export type Functions<M, R = never> = {
  readonly [K in keyof M as M[K] extends (...args: any) => any ? K : never]: M[K] extends (...args: any) => any
    ? Remote<M[K], R>
    : never
}

/** What a pool does for its modules. */
export interface Caller<R> {
  readonly call: (
    module: string,
    name: string,
    args: ReadonlyArray<unknown>,
    options: CallOptions
  ) => Effect.Effect<any, CallError | ExecutorError, R>
  readonly stream: (
    module: string,
    name: string,
    args: ReadonlyArray<unknown>,
    options: CallOptions
  ) => Stream.Stream<any, CallError | ExecutorError, R>
  readonly map: (
    module: string,
    name: string,
    items: ReadonlyArray<unknown>,
    options: MapOptions
  ) => Effect.Effect<Array<any>, CallError | ExecutorError, R>
}

const timedOut = (): Stream.Stream<never, Cause.TimeoutError> => Stream.fail(new Cause.TimeoutError())

type WithTimeout = CallOptions & { readonly timeout?: Duration.Input }

const remote = <R>(
  caller: Caller<R>,
  module: string,
  name: string,
  options: WithTimeout
): Remote<(...args: any) => any, R, any> => {
  const { timeout } = options
  const bounded = <A, E>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Cause.TimeoutError, R> =>
    timeout === undefined ? effect : Effect.timeout(effect, timeout)
  const call = (...args: ReadonlyArray<unknown>) => caller.call(module, name, args, options)
  const made: unknown = Object.assign(
    timeout === undefined ? call : (...args: ReadonlyArray<unknown>) => bounded(call(...args)),
    {
      stream: (...args: ReadonlyArray<unknown>) => {
        const stream = caller.stream(module, name, args, options)
        return timeout === undefined ? stream : Stream.timeoutOrElse(stream, { duration: timeout, orElse: timedOut })
      },
      map: (items: ReadonlyArray<unknown>, more?: MapOptions) =>
        bounded(caller.map(module, name, items, { ...options, ...more })),
      with: (more: WithTimeout) => remote(caller, module, name, { ...options, ...more })
    }
  )
  return made as Remote<(...args: any) => any, R, any>
}

/** The functions of the module at `url`, made as they are asked for. */
export const make = <M, R>(caller: Caller<R>, url: URL | string): Functions<M, R> => {
  const module = typeof url === "string" ? url : url.href
  const made = new Map<string, Remote<(...args: any) => any, R, any>>()
  return new Proxy(Object.create(null) as object, {
    get: (_, name) => {
      // A promise or an effect in disguise it is not: `await` and `yield*` look for these.
      if (typeof name !== "string" || name === "then") return undefined
      let one = made.get(name)
      if (one === undefined) {
        one = remote(caller, module, name, {})
        made.set(name, one)
      }
      return one
    }
  }) as Functions<M, R>
}
