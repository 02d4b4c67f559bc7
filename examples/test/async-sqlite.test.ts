import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { open } from "../async-sqlite/AsyncDatabase.ts"

it.live(
  "SQLite is read as a stream and written in order, off the loop",
  () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(path.join(os.tmpdir(), "handoff-sqlite-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
      )
      const database = yield* open(path.join(folder, "hosts.db"))
      yield* database.execute("CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT)")
      yield* Effect.forEach(
        Array.from({ length: 200 }, (_, n) => n),
        (n) => database.write("INSERT INTO host (id, name) VALUES (?, ?)", n, `host${n}.example`),
        { concurrency: "unbounded" }
      )
      const names = yield* database.query("SELECT name FROM host WHERE id < ? ORDER BY id", 100).pipe(
        Stream.map((row) => row["name"]),
        Stream.runCollect
      )
      assert.deepStrictEqual(
        names,
        Array.from({ length: 100 }, (_, n) => `host${n}.example`)
      )
      const error = yield* Effect.flip(database.execute("SELECT nonsense"))
      assert.include(error.message, "no such column")
    }),
  30_000
)
