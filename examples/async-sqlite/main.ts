/**
 * `npm run async-sqlite -w examples`: the same slow query twice, inside the program and on a thread, with a clock that ticks
 * beside it. What to look at is how long the clock stood still.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { open } from "./AsyncDatabase.ts"
import * as inside from "./database.ts"

const people = 20_000
const slow =
  "SELECT count(*) AS pairs FROM person a JOIN person b ON b.id BETWEEN a.id AND a.id + 40 WHERE a.age = b.age"

/** Runs it beside a clock; milliseconds that it took, and for which the loop stood still at most. */
const beside = <A, E>(work: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const loop = monitorEventLoopDelay({ resolution: 1 })
    loop.enable()
    // The clock's first and last ticks stand on both sides of the work.
    yield* Effect.sleep(20)
    const start = performance.now()
    const result = yield* work
    const took = performance.now() - start
    yield* Effect.sleep(20)
    loop.disable()
    return { result, took: Math.round(took), stood: Math.round(loop.max / 1e6) }
  })

const program = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(path.join(os.tmpdir(), "handoff-sqlite-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const file = path.join(folder, "people.db")
  const database = yield* open(file)
  yield* database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)")
  yield* database.write(
    `WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
     INSERT INTO person SELECT id, 'person ' || id, (id * 7919) % 97 FROM n`,
    people
  )
  console.log(`${people.toLocaleString("en-US")} people written on a thread\n`)

  const query = (where: string, rows: Effect.Effect<unknown, unknown>) =>
    Effect.map(beside(rows), ({ result, stood, took }) => {
      console.log(`${where}: ${JSON.stringify(result)} in ${took} ms; the loop stood still for ${stood} ms at most`)
    })
  yield* Effect.acquireRelease(
    Effect.sync(() => inside.start({ data: file })),
    () => Effect.sync(() => inside.stop())
  )
  yield* query(
    "in the program",
    Effect.sync(() => [...inside.query(slow)])
  )
  yield* query("on a thread   ", Stream.runCollect(database.query(slow)))

  const some = yield* database.query("SELECT name FROM person ORDER BY id").pipe(Stream.take(3), Stream.runCollect)
  console.log(`\nthe first of a stream of all: ${some.map((row) => row["name"]).join(", ")}; the rest was not read`)
})

await Effect.runPromise(Effect.scoped(program))
