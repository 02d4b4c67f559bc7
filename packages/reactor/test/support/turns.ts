/** Waiting by turns of the loop, which go on when a test moves the clock, and what must be as before when all is over. */
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, vi } from "vitest"

/** Turns of the loop until it holds. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const look = (): void => (holds() ? resume(Effect.void) : void setImmediate(look))
    look()
  })

/** Holds after so many turns of the loop: what is on its way in memory has come. */
export const turns = (count: number) => (): boolean => count-- <= 0

/** In this file the test moves timers and the clock of deadlines (`vi.advanceTimersByTime`), but not the turns of the loop. */
export const moveClock = (): void => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }))
  afterAll(() => void vi.useRealTimers())
}

/** TCP sockets of this process. */
export const sockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length
