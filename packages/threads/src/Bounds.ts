/** What a number that a caller gives must be. Anything else is the caller's mistake: a `RangeError`, with its name. */
import * as Duration from "effect/Duration"
import * as limits from "./limits.ts"

/** A whole number from `least` to `most`; `Infinity` is one. */
export const whole = (what: string, value: number, least: number, most = Infinity): number => {
  if ((value === Infinity || Number.isInteger(value)) && value >= least && value <= most) return value
  throw new RangeError(`${what} is a whole number from ${least} to ${most}, not ${value}`)
}

/** More than nothing, and not `Infinity`. */
export const positive = (what: string, value: number): number => {
  if (value > 0 && Number.isFinite(value)) return value
  throw new RangeError(`${what} is a number above 0, not ${value}`)
}

/** A duration of at least nothing, in milliseconds; it may be `Infinity`. */
export const milliseconds = (what: string, given: Duration.Input): number => {
  // Of NaN Effect makes no time at all.
  const value = typeof given === "number" ? given : Duration.toMillis(Duration.fromInputUnsafe(given))
  if (value >= 0) return value
  throw new RangeError(`${what} is a duration of at least 0 milliseconds, not ${value}`)
}

/** Bounded, so that nothing waits for ever; what is no number counts as none. It is given with each call. */
export const priority = (given: number | undefined): number => {
  if (given === undefined || Number.isNaN(given)) return 0
  return Math.max(-limits.priorityMost, Math.min(limits.priorityMost, given))
}
