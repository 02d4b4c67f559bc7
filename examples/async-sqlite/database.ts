/**
 * `node:sqlite` is synchronous; this module holds one handle in each thread, opened by the start hook, and its functions
 * block that thread instead of the program.
 */
import { DatabaseSync } from "node:sqlite"

let database: DatabaseSync

/** Start hook: once in each thread, before its first call. `data` is the pool's option: the file. */
export const start = ({ data }: { readonly data: unknown }): void => {
  database = new DatabaseSync(String(data))
  database.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000")
}

/** Stop hook: before the thread ends. */
export const stop = (): void => database.close()

export const execute = (sql: string): void => database.exec(sql)

export const run = (sql: string, ...values: Array<string | number>): number =>
  Number(database.prepare(sql).run(...values).changes)

/** Rows one by one: the thread reads no further ahead than the stream is read. */
export function* query(sql: string, ...values: Array<string | number>): Generator<Record<string, unknown>> {
  // A row has no prototype; a copy of it crosses threads as a plain object.
  for (const row of database.prepare(sql).iterate(...values)) yield { ...row }
}
