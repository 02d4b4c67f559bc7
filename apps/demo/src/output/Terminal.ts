/** Where words go: findings to stdout, everything that is about the survey and not of it to stderr. */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"

/** Writes whole lines to stdout; waits while the reader is slow. Lines are written in one piece each. */
export const printLines = (lines: string | Uint8Array): Effect.Effect<void> =>
  Effect.suspend(() => {
    // A progress bar on the same terminal is drawn again below.
    if (process.stdout.isTTY && isInteractive()) process.stderr.write("\r\x1b[K")
    if (isFile()) {
      const octets = typeof lines === "string" ? Buffer.from(lines) : lines
      return octets.length < large ? Effect.sync(() => writeWhole(octets)) : writeWholeBeside(octets)
    }
    return write(process.stdout, lines)
  })

/** Writes to a stream; waits while its reader is slow, and no longer than it is there. */
const write = (stream: NodeJS.WriteStream, words: string | Uint8Array): Effect.Effect<void> => {
  if (stream.destroyed || stream.write(words)) return Effect.void
  return Effect.callback<void>((resume) => {
    const go = () => resume(Effect.void)
    stream.once("drain", go)
    stream.once("close", go)
    return Effect.sync(() => {
      stream.off("drain", go)
      stream.off("close", go)
    })
  })
}

let knownIsFile: boolean | undefined

const isFile = (): boolean => (knownIsFile ??= Fs.fstatSync(1).isFile())

let isBroken = false

/**
 * Writes to a stdout that is a file: all of it or, where the disk is full, nothing, so that no half a line stays. The
 * error goes where those of pipes go: to the listeners of `process.stdout`.
 */
const writeWhole = (octets: Uint8Array): void => {
  if (isBroken) return
  let written = 0
  try {
    while (written < octets.length) written += Fs.writeSync(1, octets, written)
  } catch (error) {
    undo(written, error)
  }
}

/** As `writeWhole`, on a thread of Node's pool: the copying of large pieces goes on beside the program. */
const writeWholeBeside = (octets: Uint8Array): Effect.Effect<void> =>
  // What has been begun is written to its end, or half a line could stay.
  Effect.uninterruptible(
    Effect.callback<void>((resume) => {
      if (isBroken) return resume(Effect.void)
      let written = 0
      const go = () =>
        Fs.write(1, octets, written, octets.length - written, null, (error, count) => {
          if (error !== null) undo(written, error)
          written += count
          if (error !== null || written >= octets.length) resume(Effect.void)
          else go()
        })
      go()
    })
  )

/** Octets from which writing beside the program is worth its while. */
const large = 65_536

/** Cuts off what was written of a piece that cannot be written to its end. */
const undo = (written: number, error: unknown): void => {
  isBroken = true
  try {
    if (written > 0) Fs.ftruncateSync(1, Fs.fstatSync(1).size - written)
  } catch {
    // A file that cannot be cut stays as it is; what is said about the disk holds all the same.
  }
  process.stdout.emit("error", error)
}

/**
 * Writes a line to stderr, waiting while its reader is slow; on a terminal it takes the place of a progress bar, which is
 * drawn again below it.
 */
export const note = (line: string): Effect.Effect<void> =>
  Effect.suspend(() => write(process.stderr, isInteractive() ? `\r\x1b[K${line}\n` : `${line}\n`))

/** Whether stderr is a terminal that can redraw a line. */
export const isInteractive = (): boolean => process.stderr.isTTY && process.env["TERM"] !== "dumb"

/** Columns of the terminal on stderr; 80 where there is none. */
export const columns = (): number => (process.stderr.columns > 0 ? process.stderr.columns : 80)

/** Columns of the terminal that stdout is; undefined where it is none, and lines may be as long as they are. */
export const outputColumns = (): number | undefined =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined
