/** The runs that a store of findings has, newest first, for reading only. */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { DatabaseSync } from "node:sqlite"
import type * as Cost from "../program/Cost.ts"
import { Trouble } from "../program/Trouble.ts"
import type { Finding } from "../survey/Finding.ts"
import * as limits from "./limits.ts"
import type { Choice, End, State } from "./shared/Event.ts"

/** What a run says of itself. */
export interface Summary {
  readonly title: string
  /** Milliseconds since 1970. */
  readonly began: number
  /** `cut off`: it runs no more and has not said how it ended. */
  readonly how: End["how"] | "running" | "cut off"
  /** The strategies at its end. */
  readonly choice: Choice
  /** How often they were switched; runs of earlier versions do not say. */
  readonly switches?: number
  readonly done: number
  readonly failed: number
  readonly rejected: number
  readonly cost: Cost.Cost
}

export interface Run {
  readonly id: number
  readonly findings: number
  /** Those of the command line have none. */
  readonly summary: Summary | undefined
}

/** The last runs whose findings are kept. A store that is not there has none. */
export const list = (file: string): Effect.Effect<ReadonlyArray<Run>, Trouble> =>
  query(file, [], (database) =>
    database
      .prepare(
        "SELECT id, summary, (SELECT count(*) FROM finding WHERE run = id) AS findings FROM run WHERE findings > 0 ORDER BY id DESC LIMIT ?"
      )
      .all(limits.runsListed)
      .map(({ findings, id, summary }) => ({
        id: Number(id),
        findings: Number(findings),
        summary: typeof summary === "string" ? (JSON.parse(summary) as Summary) : undefined
      }))
  )

/** Tells the run that runs from those whose process was ended from outside: only the newest can run. */
export const cutOff = (runs: ReadonlyArray<Run>, status: State["status"]): ReadonlyArray<Run> =>
  runs.map((run, index) => {
    const isRunning = index === 0 && (status === "running" || status === "stopping")
    return run.summary?.how !== "running" || isRunning
      ? run
      : { ...run, summary: { ...run.summary, how: "cut off" as const } }
  })

/** What one run found, in the order of its lines; undefined if there is no such run. */
export const findings = (file: string, id: number): Effect.Effect<ReadonlyArray<Finding> | undefined, Trouble> =>
  query(file, undefined, (database) => {
    const rows = database.prepare("SELECT finding FROM finding WHERE run = ? ORDER BY line").all(id)
    return rows.length === 0 ? undefined : rows.map(({ finding }) => JSON.parse(finding as string) as Finding)
  })

const query = <A, B>(file: string, none: B, read: (database: DatabaseSync) => A): Effect.Effect<A | B, Trouble> =>
  Effect.try({
    try: () => {
      if (!Fs.existsSync(file)) return none
      const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 })
      try {
        const columns = database.prepare("PRAGMA table_info(run)").all()
        return columns.some(({ name }) => name === "summary") ? read(database) : none
      } finally {
        database.close()
      }
    },
    catch: (cause) =>
      new Trouble({
        what: `cannot read the store ${file}: ${(cause as Error).message}`,
        hint: "name another with --store",
        cause
      })
  })
