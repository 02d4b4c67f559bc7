/**
 * Findings in an SQLite file, so that a survey that was stopped, by Ctrl-C or by a crash, goes on where it stopped, and
 * the next one can say what has changed.
 *
 * A run is finished when its whole source has been surveyed. Opening a store goes on with its last run if that is not
 * finished, and begins a new one otherwise. Runs that say what they are about are told apart by it: each goes on with,
 * and is compared to, those about the same. A run that another process works on is left to it: see `Holder`. Findings
 * are written in batches, each a transaction: a crash loses at most the last `batch` findings or the last second, and
 * never leaves half of one.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { DatabaseSync } from "node:sqlite"
import { Trouble } from "../program/Trouble.ts"
import type { Finding } from "./Finding.ts"
import * as Holder from "./Holder.ts"
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
  /** Says something of the run as a whole, any JSON, for those who list runs; the last one holds. */
  readonly summarize: (summary: unknown) => Effect.Effect<void, Trouble>
  /** The run's number in the store. */
  readonly run: number
}

export interface Options {
  /** What the run is about, in words of the caller's: runs about other things are left alone. */
  readonly about?: string
  /** Begins a new run even where one about the same was stopped. */
  readonly isNew?: boolean
  /** Finished runs whose findings stay, this one included; default 2, so that the next can say what has changed. */
  readonly keep?: number
}

/** Opens a store, or makes one; closing the scope writes what is not written yet and closes the file. */
export const open = Effect.fnUntraced(function* (
  file: string,
  options: Options = {}
): Effect.fn.Return<Store, Trouble, Scope.Scope> {
  const about = options.about ?? ""
  const attempt = <A>(what: string, act: () => A): Effect.Effect<A, Trouble> =>
    Effect.try({ try: act, catch: (cause) => trouble(file, what, cause) })
  const database = yield* Effect.acquireRelease(
    attempt("open", () => connect(file)),
    (database) => Effect.sync(() => database.close())
  )
  const now = yield* Clock.currentTimeMillis
  const { holder, resumed, run } = yield* Effect.acquireRelease(
    attempt("write", () => take(database, about, options.isNew === true, now)),
    ({ holder, run }) => Effect.sync(() => holder === undefined && release(database, run))
  )
  if (holder !== undefined) {
    return yield* new Trouble({
      what: `the store ${file} is in use: ${Holder.describe(holder)} is at work on the same survey (run ${run})`,
      hint: "wait until it has ended, stop it, or name another store"
    })
  }
  const find = database.prepare("SELECT finding FROM finding WHERE run = ? AND line = ? AND host = ?")
  const findBefore = database.prepare(
    "SELECT finding FROM finding WHERE host = ? AND run = (SELECT max(id) FROM run WHERE finished AND about = ? AND id < ?) ORDER BY line LIMIT 1"
  )
  const insert = database.prepare("INSERT OR REPLACE INTO finding (run, line, host, finding) VALUES (?, ?, ?, ?)")
  const pending: Array<Finding> = []
  const write = attempt("write", () => {
    if (pending.length === 0) return
    transaction(database, () => {
      for (const finding of pending) insert.run(run, finding.line, finding.host, JSON.stringify(finding))
    })
    pending.length = 0
  })
  yield* Effect.addFinalizer(() => Effect.ignore(write))
  const hold = Effect.flatMap(Clock.currentTimeMillis, (now) => attempt("write", () => keep(database, run, now)))
  yield* Effect.forkScoped(Effect.ignore(Effect.repeat(Effect.andThen(write, hold), Schedule.spaced("1 second"))))
  return {
    resumed,
    run,
    summarize: (summary) =>
      attempt("write", () => {
        database.prepare("UPDATE run SET summary = ? WHERE id = ?").run(JSON.stringify(summary), run)
      }),
    has: (line, host) => read(find.get(run, line, host)),
    before: (host) => read(findBefore.get(host, about, run)),
    add: (finding) => Effect.suspend(() => (pending.push(finding) >= limits.batch ? write : Effect.void)),
    finish: Effect.andThen(
      write,
      attempt("write", () => {
        database.prepare("UPDATE run SET finished = 1 WHERE id = ?").run(run)
        // Of those that are over only the last ones are ever asked for again.
        database
          .prepare(
            "DELETE FROM finding WHERE run IN (SELECT id FROM run WHERE about = ?1 AND id < (SELECT min(id) FROM (SELECT id FROM run WHERE finished AND about = ?1 ORDER BY id DESC LIMIT ?2)))"
          )
          .run(about, options.keep ?? 2)
      })
    )
  }
})

interface Taken {
  readonly run: number
  readonly resumed: boolean
  /** Whoever else is at work on it; then it is not ours. */
  readonly holder: Holder.Holder | undefined
}

/** Takes the last run that is not finished, or a new one; one transaction, so that of two who come at once one gets it. */
const take = (database: DatabaseSync, about: string, isNew: boolean, now: number): Taken =>
  transaction(database, () => {
    const last = isNew
      ? undefined
      : database
          .prepare("SELECT id, holder FROM run WHERE NOT finished AND about = ? ORDER BY id DESC LIMIT 1")
          .get(about)
    const before = typeof last?.["holder"] === "string" ? (JSON.parse(last["holder"]) as Holder.Holder) : undefined
    const holder = before !== undefined && Holder.isThere(before, now) ? before : undefined
    const run =
      (last?.["id"] as number | undefined) ??
      Number(database.prepare("INSERT INTO run (about) VALUES (?)").run(about).lastInsertRowid)
    if (holder === undefined) keep(database, run, now)
    return { run, resumed: last !== undefined, holder }
  })

/** All of it or nothing, and nobody else writes meanwhile. */
const transaction = <A>(database: DatabaseSync, act: () => A): A => {
  database.exec("BEGIN IMMEDIATE")
  try {
    const result = act()
    database.exec("COMMIT")
    return result
  } catch (error) {
    // A full disk has SQLite roll back by itself; then there is nothing left to, and what is wrong is still the disk.
    if (database.isTransaction) database.exec("ROLLBACK")
    throw error
  }
}

/** Says that this process is at work on a run. */
const keep = (database: DatabaseSync, run: number, now: number): void => {
  database.prepare("UPDATE run SET holder = ? WHERE id = ?").run(JSON.stringify(Holder.self(now)), run)
}

const release = (database: DatabaseSync, run: number): void => {
  try {
    database.prepare("UPDATE run SET holder = NULL WHERE id = ?").run(run)
  } catch {
    // A full disk, say: the process ends, which says the same.
  }
}

/** Goes up when a store is written that this program would misread. */
const version = 1

const connect = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: limits.storeBusy })
  try {
    const newest = Number(database.prepare("PRAGMA user_version").get()!["user_version"])
    if (newest > version) {
      throw new Trouble({
        what: `the store ${file} is of version ${newest}, and this program knows ${version} at most`,
        hint: "use the newer `handoff` that has written it, or name another store"
      })
    }
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    if (tables.length > 0 && !tables.some(({ name }) => name === "finding")) {
      throw new Trouble({
        what: `${file} is the database of another program`,
        hint: "name another file, or one that does not exist yet"
      })
    }
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    // One at a time: two who come to an old store at once would both add what is missing.
    transaction(database, () => upgrade(database))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const upgrade = (database: DatabaseSync): void => {
  database.exec(`
    CREATE TABLE IF NOT EXISTS run (
      id INTEGER PRIMARY KEY, finished INTEGER NOT NULL DEFAULT 0, about TEXT NOT NULL DEFAULT '', summary TEXT,
      holder TEXT
    );
    CREATE TABLE IF NOT EXISTS finding (
      run INTEGER NOT NULL, line INTEGER NOT NULL, host TEXT NOT NULL, finding TEXT NOT NULL,
      PRIMARY KEY (run, line, host)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS finding_host ON finding (run, host);
    PRAGMA user_version = ${version};
  `)
  // Stores of an earlier version know of no such columns.
  const columns = new Set(
    database
      .prepare("PRAGMA table_info(run)")
      .all()
      .map(({ name }) => name)
  )
  if (!columns.has("about")) database.exec("ALTER TABLE run ADD COLUMN about TEXT NOT NULL DEFAULT ''")
  if (!columns.has("summary")) database.exec("ALTER TABLE run ADD COLUMN summary TEXT")
  if (!columns.has("holder")) database.exec("ALTER TABLE run ADD COLUMN holder TEXT")
}

const read = (row: Record<string, unknown> | undefined): Finding | undefined =>
  row === undefined ? undefined : (JSON.parse(row["finding"] as string) as Finding)

const trouble = (file: string, what: string, cause: unknown): Trouble => {
  if (cause instanceof Trouble) return cause
  const { errcode, message } = cause as { readonly errcode?: number; readonly message: string }
  return new Trouble({
    what: `cannot ${what} the store ${file}: ${message}`,
    ...(errcode === 26 ? { hint: "it is not an SQLite file: name another, or one that does not exist yet" } : {}),
    ...(errcode === 14
      ? { hint: "it has to be a file in a folder that exists, and you have to be allowed to write there" }
      : {}),
    ...(errcode === 8 ? { hint: "you have to be allowed to write it, and in its folder" } : {}),
    ...(errcode === 5 ? { hint: `another process has been writing to it for ${limits.storeBusy / 1_000} s` } : {}),
    ...(errcode === 13 ? { hint: "the disk is full" } : {}),
    cause
  })
}

/** Whether two findings of a host say the same, wherever its line is. */
export const isSame = (a: Finding, b: Finding): boolean =>
  JSON.stringify({ ...a, line: 0 }) === JSON.stringify({ ...b, line: 0 })
