/**
 * Keeps outcomes for a while: a task that equals one that was answered within its time to live gets that answer. Equal
 * tasks in flight share one run. It is Effect's `Cache`, which does just that and lets those who wait survive the
 * interruption of the one who came first.
 *
 * Only tasks that may run twice are kept by default, and only successes.
 */
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Executor } from "../Executor.ts"
import type * as Task from "../Task.ts"
import { around, isRepeatable, type Wrapper } from "./around.ts"

/** What a `cache` keeps, and for how long. */
export interface Options {
  /** Outcomes kept at most; the least recently used are dropped. */
  readonly capacity: number
  /** For how long; per outcome where it is a function (a record set's TTL). Zero: not kept. Default for failures: zero. */
  readonly timeToLive: Duration.Input | ((exit: Exit.Exit<any, any>, task: any) => Duration.Input)
  /** Which tasks. Default: those whose class says that they may run twice. */
  readonly only?: (task: Task.Any) => boolean
}

/** Remembers answers of an executor for a time; equal tasks in that time are not handed on. */
export const cache =
  (options: Options): Wrapper =>
  <T extends Task.Any>(inner: Executor<T>) => {
    const { capacity, only = isRepeatable, timeToLive } = options
    const timeOf =
      typeof timeToLive === "function"
        ? timeToLive
        : (exit: Exit.Exit<any, any>) => (Exit.isSuccess(exit) ? timeToLive : Duration.zero)
    // Made by the first task: making it is an effect, wrapping an executor is not.
    let kept: Cache.Cache<T, any, any> | undefined
    const get = Effect.suspend(() => {
      if (kept !== undefined) return Effect.succeed(kept)
      return Effect.map(
        Cache.makeWith((task: T) => inner.run(task), { capacity, timeToLive: timeOf }),
        (made) => (kept ??= made)
      )
    })
    return around(inner, (attempt, task) =>
      only(task) ? Effect.flatMap(get, (cache) => Cache.get(cache, task)) : attempt
    )
  }
