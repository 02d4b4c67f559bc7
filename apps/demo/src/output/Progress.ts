/** How far a survey is: a bar on a terminal, a plain line now and then elsewhere. All of it on stderr. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { plural } from "./count.ts"
import * as Terminal from "./Terminal.ts"

export interface Progress {
  done: number
  failed: number
  /** Hosts in all; undefined while that is not known. */
  readonly total: number | undefined
}

/** Milliseconds between two drawings: of the bar, and of the plain line. */
const interval = { bar: 100, line: 2_000 } as const

/** Shows a progress until the scope closes; closing takes the bar away. */
export const show = Effect.fnUntraced(function* (
  label: string,
  progress: Progress
): Effect.fn.Return<void, never, Scope.Scope> {
  const began = yield* Clock.currentTimeMillis
  if (!Terminal.isInteractive()) {
    const line = Effect.flatMap(Clock.currentTimeMillis, (now) => Terminal.note(plain(label, progress, now - began)))
    yield* Effect.forkScoped(Effect.repeat(Effect.delay(line, interval.line), Schedule.forever))
    return
  }
  const draw = Effect.map(Clock.currentTimeMillis, (now) => {
    process.stderr.write(`\r\x1b[K${bar(label, progress, now - began, Terminal.columns())}`)
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => void process.stderr.write("\r\x1b[K")))
  yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced(interval.bar)))
})

/** The bar: at most `columns` wide, so that it never wraps. */
export const bar = (label: string, progress: Progress, milliseconds: number, columns: number): string => {
  const { total } = progress
  const all = progress.done + progress.failed
  const words = ` ${plainCount(progress)} ${rest(progress, milliseconds)}`.trimEnd()
  const room = Math.max(0, Math.min(40, columns - label.length - words.length - 4))
  const full = total === undefined || total === 0 ? 0 : Math.min(room, Math.floor((all / total) * room))
  const drawn = room < 5 ? "" : ` [${"#".repeat(full)}${".".repeat(room - full)}]`
  return `${label}${drawn}${words}`.slice(0, Math.max(0, columns - 1))
}

/** The plain line. */
export const plain = (label: string, progress: Progress, milliseconds: number): string =>
  `${label}: ${plainCount(progress)} ${rest(progress, milliseconds)}`.trimEnd()

const plainCount = ({ done, failed, total }: Progress): string =>
  `${done + failed}${total === undefined ? "" : `/${total}`} ${plural(total ?? done + failed, "host")}, ${failed} failed`

const rest = (progress: Progress, milliseconds: number): string => {
  const all = progress.done + progress.failed
  const seconds = milliseconds / 1_000
  if (all === 0 || seconds < 1) return ""
  const perSecond = all / seconds
  const eta = progress.total === undefined ? "" : `, ${time((progress.total - all) / perSecond)} left`
  return `(${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s${eta})`
}

const time = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  return whole < 60
    ? `${whole} s`
    : whole < 3_600
      ? `${Math.floor(whole / 60)} min ${whole % 60} s`
      : `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}
