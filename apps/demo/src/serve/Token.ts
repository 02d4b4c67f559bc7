/**
 * The token, kept in a file beside the store that only its owner can read: so a page that is open goes on when the server
 * is started again. Deleting the file makes a new token.
 */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { Trouble } from "../program/Trouble.ts"
import * as limits from "./limits.ts"

/** The store that was named, or the usual one, whose folder is made if it is not there (XDG base directories). */
export const storeOf = (named: string | undefined): Effect.Effect<string, Trouble> => {
  const { env } = process
  const state = env["XDG_STATE_HOME"] || Path.join(env["HOME"] ?? Os.homedir(), ".local", "state")
  const store = Path.resolve(named ?? Path.join(state, "handoff", "runs.sqlite"))
  const folder = Path.dirname(store)
  return Effect.as(
    attempt(`cannot use the folder ${folder}`, async () => {
      if (named === undefined) await Fs.mkdir(folder, { recursive: true, mode: 0o700 })
      else await Fs.access(folder)
    }),
    store
  )
}

/** Reads the token of a file, or makes both. */
export const read = (file: string): Effect.Effect<string, Trouble> =>
  attempt(`cannot keep the token in ${file}`, async () => {
    const token = randomBytes(limits.tokenOctets).toString("base64url")
    try {
      await Fs.writeFile(file, `${token}\n`, { flag: "wx", mode: 0o600 })
      return token
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
    const handle = await Fs.open(file, "r+")
    try {
      const { mode } = await handle.stat()
      const known = (await handle.readFile("utf8")).trim()
      // One that others could have read, or that is no token, is not one to trust.
      if (isToken(known) && (process.platform === "win32" || (mode & 0o077) === 0)) return known
      await handle.chmod(0o600)
      await handle.truncate(0)
      await handle.write(`${token}\n`, 0)
      return token
    } finally {
      await handle.close()
    }
  })

const isToken = (text: string): boolean => /^[\w-]{43}$/.test(text)

const attempt = <A>(what: string, act: () => Promise<A>): Effect.Effect<A, Trouble> =>
  Effect.tryPromise({
    try: act,
    catch: (cause) =>
      new Trouble({
        what: `${what} (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
        hint: "name a file in a folder that you can write to with --store",
        cause
      })
  })
