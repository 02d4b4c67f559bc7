import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Cluster } from "@handoff/cluster"
import { layerSubmitter } from "@handoff/cluster/postgres"
import { isExecutorError } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { Wait, WaitOnce } from "./support/kinds.ts"
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
    "loses no durable task, answers none twice and repeats none that must not be, when a runner is killed",
    () =>
      connected(
        Effect.gen(function* () {
          const file = path.join(folder, "ran")
          writeFileSync(file, "")
          const executor = yield* submitter({ durable: ["Wait", "WaitOnce"], batch: 8 })
          const count = 200
          let answers = 0
          const work = Effect.forEach(
            Array.from({ length: count }, (_, n) => n),
            (n) =>
              Effect.exit(
                n % 2 === 0
                  ? executor.run(new Wait({ n, milliseconds: 300 }))
                  : executor.run(new WaitOnce({ n, milliseconds: 300, file }))
              ).pipe(Effect.tap(() => Effect.sync(() => void answers++))),
            { concurrency: "unbounded" }
          )
          const killing = Effect.promise(async () => {
            const third = await startRunner(database.url)
            await runners[0]!.kill("SIGKILL")
            runners = [...runners.slice(1), third]
          })
          const [exits] = yield* Effect.all([work, killing], { concurrency: "unbounded" })
          assert.strictEqual(answers, count)
          exits.forEach((exit, n) => {
            if (Exit.isSuccess(exit)) return assert.strictEqual(exit.value.n, n)
            const error = exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
            assert.isTrue(isExecutorError(error) && error._tag === "Lost" && error.how === "peer", String(exit.cause))
            assert.strictEqual(n % 2, 1, "a task that may be repeated was lost")
          })
          const ran = readFileSync(file, "utf8").trim().split("\n")
          assert.strictEqual(new Set(ran).size, ran.length, "a task that must not run twice ran twice")
        })
      ),
    120_000
  )
})
