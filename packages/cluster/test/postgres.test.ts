import * as PgClient from "@effect/sql-pg/PgClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Cluster } from "@handoff/cluster"
import { layerJournal, layerSubmitter } from "@handoff/cluster/postgres"
import { isExecutorError } from "@handoff/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { Wait, WaitOnce } from "./support/kinds.ts"
import { Notes } from "./support/Notes.ts"
import * as Postgres from "./support/Postgres.ts"
import { type RunnerProcess, startRunner } from "./support/Processes.ts"

if (Postgres.absent !== undefined) console.log(`not run: ${Postgres.absent}`)

describe.skipIf(Postgres.absent !== undefined)("a cluster of processes on PostgreSQL", () => {
  let database: Postgres.Server
  let runners: Array<RunnerProcess> = []
  const folder = mkdtempSync(path.join(os.tmpdir(), "handoff-cluster-"))

  beforeAll(async () => {
    database = await Postgres.start()
    runners = await Promise.all([startRunner(database.url), startRunner(database.url)])
  }, 120_000)

  afterAll(async () => {
    await Promise.all(runners.map((runner) => runner.kill("SIGKILL")))
    await database.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  const submitter = (options?: Partial<Cluster.Options<Wait | WaitOnce>>) =>
    Cluster.make<Wait | WaitOnce>({ kinds: [Wait, WaitOnce], ...options })

  const connected = <A, E>(effect: Effect.Effect<A, E, Cluster.Requirements>) =>
    Effect.scoped(Effect.provide(effect, layerSubmitter({ url: database.url })))

  it.live(
    "spreads tasks over its runners, one key always on one",
    () =>
      connected(
        Effect.gen(function* () {
          const anywhere = yield* submitter()
          const out = yield* Effect.forEach(
            Array.from({ length: 300 }, (_, n) => n),
            (n) => anywhere.run(new Wait({ n, milliseconds: 1 })),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(
            out.map(({ n }) => n),
            Array.from({ length: 300 }, (_, n) => n)
          )
          assert.strictEqual(new Set(out.map(({ pid }) => pid)).size, 2)
          const keyed = yield* submitter({ keyOf: () => "same" })
          const same = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => keyed.run(new Wait({ n, milliseconds: 1 })))
          assert.strictEqual(new Set(same.map(({ pid }) => pid)).size, 1)
        })
      ),
    60_000
  )

  it.live(
    "answers a task alone without waiting for acknowledgements",
    () =>
      connected(
        Effect.gen(function* () {
          const executor = yield* submitter()
          const alone = Effect.map(Effect.timed(executor.run(new Wait({ n: 1, milliseconds: 0 }))), ([took]) =>
            Duration.toMillis(took)
          )
          const times = yield* Effect.replicateEffect(alone, 30)
          // A piece of a message that waits for the last one's acknowledgement waits 40 ms, at least twice for a task.
          assert.isBelow(Math.min(...times), 40)
        })
      ),
    60_000
  )

  for (const durable of [[], ["WaitOnce"]] as ReadonlyArray<ReadonlyArray<"WaitOnce">>) {
    const kind = durable.length === 0 ? "volatile" : "durable"
    it.live(
      `interrupts a ${kind} task on its runner when the caller is interrupted`,
      () =>
        connected(
          Effect.gen(function* () {
            const notes = new Notes(folder, kind)
            const executor = yield* submitter({ durable })
            const fiber = yield* Effect.forkChild(
              executor.run(new WaitOnce({ n: 7, milliseconds: 600_000, file: notes.file }))
            )
            yield* notes.until((lines) => lines.length === 1)
            yield* Fiber.interrupt(fiber)
            yield* notes.until((lines) => lines.includes("interrupted 7"))
            assert.deepInclude(yield* executor.stats, { running: 0, queued: 0, cancelled: 1 })
          })
        ),
      60_000
    )
  }

  it.live(
    "loses no durable task, answers none twice and repeats none that must not be, when a runner is killed",
    () =>
      connected(
        Effect.gen(function* () {
          const notes = new Notes(folder, "ran")
          const executor = yield* submitter({ durable: ["Wait", "WaitOnce"], batch: 8 })
          const count = 200
          let answers = 0
          const work = Effect.forEach(
            Array.from({ length: count }, (_, n) => n),
            (n) => Effect.tap(notes.run(executor, n), () => Effect.sync(() => void answers++)),
            { concurrency: "unbounded" }
          )
          // No task ends before the gate is there, and it is there only once the runner is dead.
          const killing = Effect.gen(function* () {
            const [victim] = runners
            yield* notes.until((lines) => lines.some((line) => line.endsWith(` ${victim!.child.pid}`)))
            const third = yield* Effect.promise(() => startRunner(database.url))
            assert.strictEqual(answers, 0)
            yield* Effect.promise(() => victim!.kill("SIGKILL"))
            runners = [...runners.slice(1), third]
            notes.open()
          })
          const [exits] = yield* Effect.all([work, killing], { concurrency: "unbounded" })
          assert.strictEqual(answers, count)
          assert.isTrue(exits.some(Exit.isFailure), "what the dead runner had begun is Lost")
          exits.forEach((exit, n) => {
            if (Exit.isSuccess(exit)) return assert.strictEqual(exit.value.n, n)
            const error = exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
            assert.isTrue(isExecutorError(error) && error._tag === "Lost" && error.how === "peer", String(exit.cause))
            assert.strictEqual(n % 2, 1, "a task that may be repeated was lost")
          })
          const ran = notes.beginnings.map((line) => line.split(" ")[0])
          assert.strictEqual(new Set(ran).size, ran.length, "a task that must not run twice ran twice")
        })
      ),
    120_000
  )

  it.live(
    "loses no durable task and answers none twice when PostgreSQL is restarted in the middle",
    () =>
      connected(
        Effect.gen(function* () {
          const executor = yield* submitter({ durable: ["Wait"], durableBatch: 8 })
          const answers = new Map<number, number>()
          const work = Effect.forEach(
            Array.from({ length: 200 }, (_, n) => n),
            (n) =>
              Effect.map(executor.run(new Wait({ n, milliseconds: 300 })), (answer) => {
                assert.strictEqual(answer.n, n)
                answers.set(n, (answers.get(n) ?? 0) + 1)
              }),
            { concurrency: "unbounded" }
          )
          yield* Effect.all([work, Effect.promise(() => database.restart())], { concurrency: 2 })
          assert.strictEqual(answers.size, 200)
          assert.isTrue([...answers.values()].every((count) => count === 1))
        })
      ),
    120_000
  )

  it.live(
    "keeps nothing of durable tasks that were answered, and no longer than a week what nobody collects",
    () =>
      connected(
        Effect.gen(function* () {
          const file = path.join(folder, "kept")
          const sql = yield* SqlClient.SqlClient
          // Other tests left what a submitter leaves that ends in the middle.
          for (const table of ["messages", "replies", "journal"]) yield* sql`DELETE FROM ${sql(`handoff_${table}`)}`
          const executor = yield* submitter({ durable: ["Wait", "WaitOnce"] })
          yield* Effect.forEach(
            Array.from({ length: 2_000 }, (_, n) => n),
            (n) =>
              n % 2 === 0
                ? executor.run(new Wait({ n, milliseconds: 0 }))
                : executor.run(new WaitOnce({ n, milliseconds: 0, file })),
            { concurrency: "unbounded" }
          )
          const rows = (table: string, whose = "%") =>
            Effect.map(
              table === "journal"
                ? sql<{ n: number }>`SELECT count(*)::int AS n FROM handoff_journal`
                : sql<{ n: number }>`SELECT count(*)::int AS n FROM ${sql(`handoff_${table}`)}
                    WHERE request_id IN (SELECT id FROM handoff_messages WHERE message_id LIKE ${whose})`,
              ([row]) => row!.n
            )
          const soon = { until: (n: number) => n === 0, schedule: Schedule.spaced("50 millis") }
          yield* Effect.repeat(rows("messages"), soon)
          assert.strictEqual(yield* rows("replies"), 0)
          // Entries stay an hour, against statements that come late; then a sweep takes them.
          assert.strictEqual(yield* rows("journal"), 1_000)
          yield* sql`UPDATE handoff_journal SET entered = now() - interval '61 minutes'`
          // As a submitter leaves it that died: answered, and never forgotten; and one that still waits. Of a shard that no
          // runner has: it would take up the waiting one, and answer that it cannot read it.
          yield* sql`INSERT INTO handoff_messages
              (id, message_id, shard_id, entity_type, entity_id, kind, tag, payload, headers, request_id, processed, last_read)
            SELECT n, 'gone' || n, 'elsewhere:1', 'HandoffTasks', 'p', 0, 'RunDurable', '{}', '{}', n, n <> 3,
              now() - CASE n WHEN 1 THEN interval '8 days' WHEN 2 THEN interval '6 days' ELSE interval '8 days' END
            FROM generate_series(1, 3) n`
          yield* sql`INSERT INTO handoff_replies (id, kind, request_id, payload, acked) VALUES (1, 0, 1, '{}', true)`
          yield* Layer.build(layerJournal())
          yield* Effect.repeat(rows("journal"), soon)
          assert.strictEqual(yield* rows("messages", "gone%"), 2)
          assert.strictEqual(yield* rows("replies", "gone%"), 0)
          yield* sql`DELETE FROM handoff_messages WHERE message_id LIKE 'gone%'`
        }).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(database.url) })), Effect.orDie)
      ),
    60_000
  )

  it.live(
    "works with runners whose clocks are an hour ahead and an hour behind",
    () =>
      Effect.gen(function* () {
        const skewed = yield* Effect.promise(() =>
          Promise.all([startRunner(database.url, 1024, 3_600_000), startRunner(database.url, 1024, -3_600_000)])
        )
        yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(skewed.map((one) => one.kill("SIGKILL")))))
        const pids = new Set(skewed.map(({ child }) => child.pid!))
        yield* connected(
          Effect.gen(function* () {
            const volatile = yield* submitter()
            const durable = yield* submitter({ durable: ["Wait"] })
            const seen = new Set<number>()
            const round = Effect.forEach(
              Array.from({ length: 200 }, (_, n) => n),
              (n) =>
                Effect.map((n % 2 === 0 ? volatile : durable).run(new Wait({ n, milliseconds: 1 })), (answer) => {
                  assert.strictEqual(answer.n, n)
                  if (pids.has(answer.pid)) seen.add(answer.pid)
                }),
              { concurrency: "unbounded" }
            )
            // Until the shards have been shared out to both.
            yield* Effect.repeat(round, { until: () => seen.size === 2 })
          })
        )
      }),
    60_000
  )
})
