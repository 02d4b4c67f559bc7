/**
 * Findings in an SQLite file, so that a survey that was stopped, by Ctrl-C or by a crash, goes on where it stopped, and
 * the next one can say what has changed.
 *
 * A run is finished when its whole source has been surveyed. Opening a store goes on with its last run if that is not
 * finished, and begins a new one otherwise. Findings are written in batches, each a transaction: a crash loses at most
 * the last `batch` findings or the last second, and never leaves half of one.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { DatabaseSync } from "node:sqlite"
import { Trouble } from "../program/Trouble.ts"
import type { Finding } from "./Finding.ts"
import * as limits from "./limits.ts"

export interface Store {
  /** Whether the run goes on with one that was stopped. */
  readonly resumed: boolean
  /** What the run has of a line of the source, from before it was stopped. */
  readonly has: (line: number, host: string) => Finding | undefined
  /** What the last finished run found of a host. */
  readonly before: (host: string) => Finding | undefined
  readonly add: (finding: Finding) => Effect.Effect<void, Trouble>
  /** The run has come to its end. */
  readonly finish: Effect.Effect<void, Trouble>
}

/** Opens a store, or makes one; closing the scope writes what is not written yet and closes the file. */
export const open = Effect.fnUntraced(function* (file: string): Effect.fn.Return<Store, Trouble, Scope.Scope> {
  const attempt = <A>(what: string, act: () => A): Effect.Effect<A, Trouble> =>
    Effect.try({ try: act, catch: (cause) => trouble(file, what, cause) })
  const database = yield* Effect.acquireRelease(
    attempt("open", () => connect(file)),
    (database) => Effect.sync(() => database.close())
  )
  const last = yield* attempt("read", () => database.prepare("SELECT max(id) AS id FROM run WHERE NOT finished").get())
  const resumed = typeof last?.["id"] === "number"
  const run = resumed
    ? (last["id"] as number)
    : yield* attempt("write", () => Number(database.prepare("INSERT INTO run DEFAULT VALUES").run().lastInsertRowid))
  const find = database.prepare("SELECT finding FROM finding WHERE run = ? AND line = ? AND host = ?")
  const findBefore = database.prepare(
    "SELECT finding FROM finding WHERE host = ? AND run = (SELECT max(id) FROM run WHERE finished AND id < ?) ORDER BY line LIMIT 1"
  )
  const insert = database.prepare("INSERT OR REPLACE INTO finding (run, line, host, finding) VALUES (?, ?, ?, ?)")
  const pending: Array<Finding> = []
  const write = attempt("write", () => {
    if (pending.length === 0) return
    database.exec("BEGIN")
    try {
      for (const finding of pending) insert.run(run, finding.line, finding.host, JSON.stringify(finding))
      database.exec("COMMIT")
    } catch (error) {
      database.exec("ROLLBACK")
      throw error
    }
    pending.length = 0
  })
  yield* Effect.addFinalizer(() => Effect.ignore(write))
  yield* Effect.forkScoped(Effect.ignore(Effect.repeat(write, Schedule.spaced("1 second"))))
  return {
    resumed,
    has: (line, host) => read(find.get(run, line, host)),
    before: (host) => read(findBefore.get(host, run)),
    add: (finding) => Effect.suspend(() => (pending.push(finding) >= limits.batch ? write : Effect.void)),
    finish: Effect.andThen(
      write,
      attempt("write", () => {
        database.prepare("UPDATE run SET finished = 1 WHERE id = ?").run(run)
        // Of those that are over only the last is ever asked for again.
        database.prepare("DELETE FROM finding WHERE run < (SELECT max(id) FROM run WHERE finished AND id < ?)").run(run)
      })
    )
  }
})

const connect = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file)
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, finished INTEGER NOT NULL DEFAULT 0);
      CREATE TABLE IF NOT EXISTS finding (
        run INTEGER NOT NULL, line INTEGER NOT NULL, host TEXT NOT NULL, finding TEXT NOT NULL,
        PRIMARY KEY (run, line, host)
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS finding_host ON finding (run, host);
    `)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const read = (row: Record<string, unknown> | undefined): Finding | undefined =>
  row === undefined ? undefined : (JSON.parse(row["finding"] as string) as Finding)

const trouble = (file: string, what: string, cause: unknown): Trouble => {
  const { errcode, message } = cause as { readonly errcode?: number; readonly message: string }
  return new Trouble({
    what: `cannot ${what} the store ${file}: ${message}`,
    ...(errcode === 26 ? { hint: "it is not an SQLite file: name another, or one that does not exist yet" } : {}),
    ...(errcode === 13 ? { hint: "the disk is full" } : {}),
    cause
  })
}

/** Whether two findings of a host say the same, wherever its line is. */
export const isSame = (a: Finding, b: Finding): boolean =>
  JSON.stringify({ ...a, line: 0 }) === JSON.stringify({ ...b, line: 0 })
