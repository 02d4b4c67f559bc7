import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import { Trouble } from "../program/Trouble.ts"

/** Writes a file as a whole or not at all: it takes its name when all of it is there. */
export const writeFile = (file: string, text: string): Effect.Effect<void, Trouble> =>
  Effect.tryPromise({
    try: async () => {
      // A device or a pipe is written to; it cannot be replaced.
      const isPlain = await Fs.stat(file).then(
        (stat) => stat.isFile(),
        () => true
      )
      if (!isPlain) return Fs.writeFile(file, text)
      const part = `${file}.${process.pid}.part`
      try {
        await Fs.writeFile(part, text)
        await Fs.rename(part, file)
      } catch (error) {
        await Fs.rm(part, { force: true })
        throw error
      }
    },
    catch: (cause) => new Trouble({ what: `cannot write ${file} (${(cause as NodeJS.ErrnoException).code})`, cause })
  })
