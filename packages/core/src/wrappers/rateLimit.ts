/**
 * At most so many tasks in any stretch of time, evenly spaced after a burst: the generic cell rate algorithm (ITU-T
 * I.371), which needs one number per key and no timer while there is room.
 *
 * Effect's `RateLimiter` is not used: it is for a budget that processes share through a store, and spends a fiber and
 * several hundred nanoseconds on every task for it.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Overloaded } from "../ExecutorError.ts"
import { around, type Wrapper } from "./around.ts"

/** How many tasks a `rateLimit` lets start in a time. */
export interface Options {
  /** Tasks in one `window`. */
  readonly tasks: number
  readonly window: Duration.Input
  /** Tasks that may come at once after a quiet time. Default: `tasks`. */
  readonly burst?: number
  /** What a task does that comes too soon: wait for its time (the default), or be answered `Overloaded`, `full`. */
  readonly excess?: "wait" | "fail"
  /** What is counted together: a tenant, a name server. Default: one budget for all. */
  readonly key?: (task: any) => string
}

/** Lets so many tasks start in a time; the others wait, up to a bound. */
export const rateLimit =
  (options: Options): Wrapper =>
  (inner) => {
    const { burst = options.tasks, excess = "wait", key, tasks } = options
    const interval = Duration.toMillis(options.window) / tasks
    const tolerance = interval * (burst - 1)
    /** When the next task of a key would come if all had come evenly, in milliseconds since 1970. */
    const arrivals = new Map<string, number>()
    let swept = 0
    // Keys that are in arrear of nothing need not be kept; looked for once per window, so that it costs little each.
    const sweep = (now: number): void => {
      if (now - swept < interval * tasks) return
      swept = now
      for (const [id, arrival] of arrivals) if (arrival <= now) arrivals.delete(id)
    }
    return around(inner, (attempt, task) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        sweep(now)
        const id = key === undefined ? "" : key(task)
        const arrival = Math.max(arrivals.get(id) ?? now, now)
        const delay = arrival - tolerance - now
        if (delay > 0 && excess === "fail") {
          const outstanding = Math.ceil((arrival - now) / interval)
          const { name } = inner
          return Effect.fail(
            new Overloaded({ executor: name, kind: task._tag, reason: "full", outstanding, limit: burst })
          )
        }
        arrivals.set(id, arrival + interval)
        return delay > 0 ? Effect.andThen(Effect.sleep(delay), attempt) : attempt
      })
    )
  }
