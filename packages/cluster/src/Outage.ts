/** Says once that the database is away and once that it is back, of looks that are made there again and again. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { wordsOf } from "./ClusterUnavailable.ts"

/** How long a look may take: as long as the engine waits for its locks, without which a runner gives up what it runs. */
const patience = Duration.seconds(2)

/** The look, which no longer fails: of its failures it is said when they begin, and when they are over. */
export const told = <E, R>(look: Effect.Effect<void, E, R>): Effect.Effect<void, never, R> => {
  let since: number | undefined
  const failed = (cause: Cause.Cause<E | Cause.TimeoutError>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (since !== undefined || Cause.hasInterruptsOnly(cause)) return Effect.void
      since = now
      return Effect.logWarning(`the database is away: ${reason(Cause.squash(cause))}; tasks wait until it is back`)
    })
  const succeeded = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (since === undefined) return Effect.void
    const away = Duration.millis(now - since)
    since = undefined
    return Effect.logInfo(`the database is back after ${Math.max(1, Math.round(Duration.toSeconds(away)))} s`)
  })
  return look.pipe(
    Effect.timeout(patience),
    Effect.matchCauseEffect({ onFailure: failed, onSuccess: () => succeeded }),
    Effect.annotateLogs("package", "@handoff/cluster")
  )
}

const reason = (error: unknown): string =>
  Cause.isTimeoutError(error) ? `no answer for ${Duration.toSeconds(patience)} s` : wordsOf(error)
