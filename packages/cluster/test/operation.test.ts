/** What whoever operates a cluster does to it, or meets: real runners over PostgreSQL. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Cluster } from "@handoff/cluster"
import { layerSubmitter } from "@handoff/cluster/postgres"
import { isExecutorError, runAll } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { Wait, WaitOnce } from "./support/kinds.ts"
import { Notes } from "./support/Notes.ts"
import * as Postgres from "./support/Postgres.ts"
import { type RunnerProcess, startRunner } from "./support/Processes.ts"

if (Postgres.absent !== undefined) console.log(`not run: ${Postgres.absent}`)

const submitterFile = fileURLToPath(new URL("./support/submitter.ts", import.meta.url))

describe.skipIf(Postgres.absent !== undefined)("a cluster in operation", () => {
  let database: Postgres.Server
  const folder = mkdtempSync(path.join(os.tmpdir(), "handoff-operation-"))

  beforeAll(async () => {
    database = await Postgres.start()
  }, 120_000)

  afterAll(async () => {
    await database.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  let files = 0
  const newNotes = () => new Notes(folder, `ran ${files++}`)

  const runner = (concurrency?: number) =>
    Effect.acquireRelease(
      Effect.promise(() => startRunner(database.url, concurrency)),
      (one) => Effect.promise(() => one.kill("SIGKILL"))
    )

  const submitter = (options?: Partial<Cluster.Options<Wait | WaitOnce>>) =>
    Effect.flatMap(Layer.build(layerSubmitter({ url: database.url })), (context) =>
      Effect.provideContext(Cluster.make<Wait | WaitOnce>({ kinds: [Wait, WaitOnce], ...options }), context)
    )

  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
  const errorOf = (exit: Exit.Exit<unknown, unknown>) => {
    const error = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined
    return isExecutorError(error) ? error : undefined
  }
  const isBusy = (one: RunnerProcess) => (lines: ReadonlyArray<string>) =>
    lines.some((line) => line.endsWith(` ${one.child.pid}`))

  /** Once every one of them answers. */
  const together = (executor: Cluster.Cluster<Wait | WaitOnce>, runners: ReadonlyArray<RunnerProcess>) => {
    const pids = new Set<number>()
    return Effect.repeat(
      Effect.forEach(
        numbers(64),
        (n) => Effect.map(executor.run(new Wait({ n, milliseconds: 0 })), ({ pid }) => pids.add(pid)),
        { concurrency: "unbounded" }
      ),
      { until: () => runners.every(({ child }) => pids.has(child.pid!)), schedule: Schedule.spaced("50 millis") }
    )
  }

  it.live(
    "volatile tasks whose runner is killed run again, or are Lost where they must not and had begun",
    () =>
      Effect.gen(function* () {
        const notes = newNotes()
        const [victim, other] = [yield* runner(), yield* runner()]
        const executor = yield* submitter({ batch: 8 })
        yield* together(executor, [victim, other])
        const work = yield* Effect.forkChild(
          Effect.forEach(numbers(200), (n) => notes.run(executor, n), { concurrency: "unbounded" })
        )
        yield* notes.until((lines) => lines.length === 100)
        const lost = notes.lines.filter((line) => line.endsWith(` ${victim.child.pid}`))
        assert.isAbove(lost.length, 10)
        yield* Effect.promise(() => victim.kill("SIGKILL"))
        notes.open()
        const exits = yield* Fiber.join(work)
        const failed = exits.flatMap((exit, n) => (Exit.isSuccess(exit) ? [] : [n]))
        assert.deepStrictEqual(
          failed.map((n) => errorOf(exits[n]!)?._tag),
          failed.map(() => "Lost" as const)
        )
        assert.deepStrictEqual(
          failed,
          lost.map((line) => Number(line.split(" ")[0])).toSorted((a, b) => a - b)
        )
        assert.strictEqual(notes.beginnings.length, 100, "what must not run twice ran twice")
      }),
    60_000
  )

  it.live(
    "a runner that is asked to end finishes what it has, and what comes later goes to others",
    () =>
      Effect.gen(function* () {
        const notes = newNotes()
        const [victim, other] = [yield* runner(), yield* runner()]
        const executor = yield* submitter({ durable: ["Wait"], batch: 8 })
        yield* together(executor, [victim, other])
        const work = yield* Effect.forkChild(
          Effect.forEach(numbers(100), (n) => notes.run(executor, n), { concurrency: "unbounded" })
        )
        yield* notes.until((lines) => lines.length === 50 && isBusy(victim)(lines))
        const ended = yield* Effect.forkChild(Effect.promise(() => victim.kill("SIGTERM")))
        // It no longer takes what is new; what it had waits for the gate.
        yield* Effect.repeat(executor.stats, {
          until: ({ extra }) => extra["runners"] === 1,
          schedule: Schedule.spaced("50 millis")
        })
        notes.open()
        const exits = yield* Fiber.join(work)
        assert.deepStrictEqual(exits.filter(Exit.isFailure).map(errorOf), [])
        yield* Fiber.join(ended)
        assert.strictEqual(notes.beginnings.length, 50)
        const { pid } = yield* executor.run(new Wait({ n: 1, milliseconds: 0 }))
        assert.strictEqual(pid, other.child.pid)
      }),
    60_000
  )

  for (const durable of [false, true]) {
    it.live(
      durable
        ? "durable tasks of a submitter that dies are finished"
        : "volatile tasks of a submitter that dies are cancelled",
      () =>
        Effect.gen(function* () {
          const notes = newNotes()
          yield* runner()
          const child = spawn(
            process.execPath,
            [
              "--conditions=@handoff/source",
              submitterFile,
              database.url,
              notes.file,
              notes.gate,
              "20",
              ...(durable ? ["durable"] : [])
            ],
            { stdio: "ignore" }
          )
          yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
          yield* notes.until((lines) => lines.length === 20)
          child.kill("SIGKILL")
          const everyoneSays = (word: string) =>
            notes.until((lines) => lines.filter((line) => line.startsWith(word)).length === 20)
          if (durable) {
            notes.open()
            yield* everyoneSays("done")
          } else {
            yield* everyoneSays("interrupted")
          }
          assert.strictEqual(notes.lines.length, 40)
        }),
      60_000
    )
  }

  it.live(
    "holds a submitter back when its runner is slow: it pulls no more than it may have outstanding",
    () =>
      Effect.gen(function* () {
        const notes = newNotes()
        yield* runner(4)
        const executor = yield* submitter({ outstanding: 300, partitions: 2, batch: 10 })
        let pulled = 0
        const tasks = Stream.map(Stream.rechunk(Stream.range(0, 4_999), 1), (n) => {
          pulled++
          return new Wait({ n, milliseconds: 0, until: notes.gate })
        })
        const work = yield* Effect.forkChild(
          Stream.runCount(runAll(executor, tasks, { concurrency: 300, window: 300 }))
        )
        yield* Effect.repeat(executor.stats, {
          until: ({ queued, running }) => queued + running === 300,
          schedule: Schedule.spaced("20 millis")
        })
        // Two partitions with two messages of ten each are all that the runner was sent.
        yield* Effect.repeat(executor.stats, {
          until: ({ running }) => running === 40,
          schedule: Schedule.spaced("20 millis")
        })
        assert.isAtMost(pulled, 302)
        notes.open()
        assert.strictEqual(yield* Fiber.join(work), 5_000)
      }),
    60_000
  )

  it.live(
    "gives up what it runs when the database is away longer than its locks last, and begins anew when it is back",
    () =>
      Effect.gen(function* () {
        const notes = newNotes()
        yield* runner()
        const volatile = yield* submitter()
        const durable = yield* submitter({ durable: ["WaitOnce"] })
        const run = (n: number) => volatile.run(new Wait({ n, milliseconds: 0, until: notes.gate }))
        const again = yield* Effect.forkChild(Effect.forEach(numbers(20), run, { concurrency: "unbounded" }))
        const once = yield* Effect.forkChild(
          Effect.exit(volatile.run(new WaitOnce({ n: 1, milliseconds: 0, file: notes.file, until: notes.gate })))
        )
        yield* notes.until((lines) => lines.length === 1)
        yield* Effect.promise(() => database.down())
        const later = yield* Effect.forkChild(
          durable.run(new WaitOnce({ n: 2, milliseconds: 0, file: notes.file, until: notes.gate }))
        )
        yield* notes.until((lines) => lines.includes("interrupted 1"))
        yield* Effect.promise(() => database.up())
        notes.open()
        assert.strictEqual((yield* Fiber.join(later)).n, 2)
        assert.strictEqual((yield* Fiber.join(again)).length, 20)
        assert.strictEqual(errorOf(yield* Fiber.join(once))?._tag, "Lost")
        assert.deepStrictEqual(
          notes.beginnings.map((line) => line[0]),
          ["1", "2"]
        )
      }),
    90_000
  )

  for (const away of ["its runner", "its database", "its runner and its database"]) {
    it.live(
      `closes within seconds though ${away} is away, and answers what waits with Lost`,
      () =>
        Effect.gen(function* () {
          const one = yield* runner()
          const closing = yield* Scope.make()
          const executor = yield* Scope.provide(submitter({ durable: ["WaitOnce"] }), closing)
          yield* executor.run(new Wait({ n: 1, milliseconds: 0 }))
          const notes = newNotes()
          const work = yield* Effect.forkChild(
            Effect.forEach(numbers(20), (n) => notes.run(executor, n), { concurrency: "unbounded" })
          )
          yield* notes.until((lines) => lines.length === 10)
          if (away.includes("runner")) yield* Effect.promise(() => one.kill("SIGKILL"))
          if (away.includes("database")) yield* Effect.promise(() => database.down())
          yield* Effect.addFinalizer(() =>
            away.includes("database") ? Effect.promise(() => database.up()) : Effect.void
          )
          const began = performance.now()
          yield* Scope.close(closing, Exit.void)
          assert.isBelow(performance.now() - began, 5_000)
          const exits = yield* Fiber.join(work)
          assert.deepStrictEqual(
            exits.map((exit) => errorOf(exit)?._tag),
            exits.map(() => "Lost" as const)
          )
        }),
      60_000
    )
  }
})
