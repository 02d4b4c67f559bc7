/** Where words go: findings to stdout, everything that is about the survey and not of it to stderr. */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"

/** Writes whole lines to stdout; waits while the reader is slow. Lines are written in one piece each. */
export const printLines = (lines: string | Uint8Array): Effect.Effect<void> =>
  Effect.suspend(() => {
    // A progress bar on the same terminal is drawn again below.
    if (process.stdout.isTTY && isInteractive()) process.stderr.write("\r\x1b[K")
    if (isFile()) return Effect.sync(() => writeWhole(lines))
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

let knownIsFile: boolean | undefined

const isFile = (): boolean => (knownIsFile ??= Fs.fstatSync(1).isFile())

let isBroken = false

/**
 * Writes to a stdout that is a file: all of it or, where the disk is full, nothing, so that no half a line stays. The
 * error goes where those of pipes go: to the listeners of `process.stdout`.
 */
const writeWhole = (lines: string | Uint8Array): void => {
  if (isBroken) return
  const octets = typeof lines === "string" ? Buffer.from(lines) : lines
  let written = 0
  try {
    while (written < octets.length) written += Fs.writeSync(1, octets, written)
  } catch (error) {
    isBroken = true
    try {
      if (written > 0) Fs.ftruncateSync(1, Fs.fstatSync(1).size - written)
    } catch {
      // A file that cannot be cut stays as it is; what is said about the disk holds all the same.
    }
    process.stdout.emit("error", error)
  }
}

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
