/** Where words go: findings to stdout, everything that is about the survey and not of it to stderr. */
import * as Effect from "effect/Effect"

/** Writes whole lines to stdout; waits while the reader is slow. Lines are written in one piece each. */
export const printLines = (lines: string | Uint8Array): Effect.Effect<void> =>
  Effect.suspend(() => {
    // A progress bar on the same terminal is drawn again below.
    if (process.stdout.isTTY && isInteractive()) process.stderr.write("\r\x1b[K")
    if (process.stdout.destroyed || process.stdout.write(lines)) return Effect.void
    return Effect.callback<void>((resume) => {
      const go = () => resume(Effect.void)
      process.stdout.once("drain", go)
      process.stdout.once("close", go)
      return Effect.sync(() => {
        process.stdout.off("drain", go)
        process.stdout.off("close", go)
      })
    })
  })

/** Writes a line to stderr; on a terminal it takes the place of a progress bar, which is drawn again below it. */
export const note = (line: string): Effect.Effect<void> =>
  Effect.sync(() => void process.stderr.write(isInteractive() ? `\r\x1b[K${line}\n` : `${line}\n`))

/** Whether stderr is a terminal that can redraw a line. */
export const isInteractive = (): boolean => process.stderr.isTTY && process.env["TERM"] !== "dumb"

/** Columns of the terminal on stderr; 80 where there is none. */
export const columns = (): number => (process.stderr.columns > 0 ? process.stderr.columns : 80)

/** Whether stdout may be coloured: a terminal, and `NO_COLOR` (no-color.org) unset or empty. */
export const isColoured = (): boolean =>
  process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
