/**
 * Tasks of 1, 10 and 100 ms on 1, 2 and 4 runner processes over loopback and PostgreSQL, each runner running 16 at a
 * time; the cost of an empty task; and durable tasks while runners are killed and the database is restarted.
 *
 * The tasks wait instead of computing, because this bench is about what the cluster adds: on a machine with two cores
 * four runners cannot compute twice as fast as two, but they can wait twice as much.
 */
import { Bench } from "@handoff/bench"
import { Cluster } from "@handoff/cluster"
import { layerSubmitter } from "@handoff/cluster/postgres"
import { isExecutorError } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Wait } from "../test/support/kinds.ts"
import * as Postgres from "../test/support/Postgres.ts"
import { type RunnerProcess, startRunner } from "../test/support/Processes.ts"

const perRunner = 16

const withRunners = async <A>(
  url: string,
  count: number,
  use: (executor: Cluster.Cluster<Wait>, runners: Array<RunnerProcess>) => Promise<A>,
  options?: Partial<Cluster.Options<Wait>> & { readonly concurrency?: number }
): Promise<A> => {
  const concurrency = options?.concurrency ?? perRunner
  const runners = await Promise.all(Array.from({ length: count }, () => startRunner(url, concurrency)))
  try {
    return await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const executor = yield* Cluster.make<Wait>({ kinds: [Wait], partitions: 64, ...options })
          // The engine assigns shards within seconds of a runner's start; wait until every runner answers.
          const seen = new Set<number>()
          while (seen.size < count) {
            const out = yield* Effect.forEach(
              Array.from({ length: 256 }, (_, n) => n),
              (n) => executor.run(new Wait({ n, milliseconds: 0 })),
              { concurrency: "unbounded" }
            )
            for (const { pid } of out) seen.add(pid)
          }
          return yield* Effect.promise(() => use(executor, runners))
        }).pipe(Effect.provide(layerSubmitter({ url })))
      )
    )
  } finally {
    await Promise.all(runners.map((runner) => runner.kill("SIGKILL")))
  }
}

/** Runs so many tasks, all handed off at once; seconds taken, and whether each was answered with its own number. */
const runAll = async (
  executor: Cluster.Cluster<Wait>,
  count: number,
  milliseconds: number
): Promise<{ readonly seconds: number; readonly isRight: boolean }> => {
  const start = performance.now()
  const out = await Effect.runPromise(
    Effect.forEach(
      Array.from({ length: count }, (_, n) => n),
      (n) => executor.run(new Wait({ n, milliseconds })),
      { concurrency: "unbounded" }
    )
  )
  return { seconds: (performance.now() - start) / 1000, isRight: out.every(({ n }, i) => n === i) }
}

const absent = () => Postgres.absent

const scaling = (milliseconds: number): Bench.Work => ({
  name: `tasks of ${milliseconds} ms`,
  rounds: 3,
  subjects: Object.fromEntries(
    [1, 2, 4].map((count) => [
      `${count} ${count === 1 ? "runner" : "runners"}`,
      {
        absent,
        run: async (ctx) =>
          withRunners(ctx.environment["url"]!, count, async (executor) => {
            const ideal = (count * perRunner * 1000) / milliseconds
            const tasks = Math.round(Math.min(ideal * (ctx.quick ? 1 : 4), 20_000))
            await runAll(executor, Math.min(tasks, 500), milliseconds)
            const { isRight, seconds } = await runAll(executor, tasks, milliseconds)
            ctx.check(isRight, "every task is answered with its own number")
            return { "tasks/s": tasks / seconds, "of ideal": tasks / seconds / ideal }
          })
      } satisfies Bench.Subject
    ])
  )
})

/** An empty task, 10,000 handed off at once: what each pays for the way there and back. */
const cost: Bench.Work = {
  name: "empty tasks",
  rounds: 3,
  subjects: {
    volatile: {
      absent,
      run: (ctx) =>
        withRunners(
          ctx.environment["url"]!,
          1,
          async (executor) => {
            await runAll(executor, 2000, 0)
            const { isRight, seconds } = await runAll(executor, 10_000, 0)
            ctx.check(isRight, "every task is answered with its own number")
            return { "time per task, us": (seconds * 1e6) / 10_000 }
          },
          { concurrency: 1024 }
        )
    },
    "volatile, one in a message": {
      absent,
      run: (ctx) =>
        withRunners(
          ctx.environment["url"]!,
          1,
          async (executor) => {
            const { isRight, seconds } = await runAll(executor, 2000, 0)
            ctx.check(isRight, "every task is answered with its own number")
            return { "time per task, us": (seconds * 1e6) / 2000 }
          },
          { concurrency: 1024, batch: 1 }
        )
    },
    durable: {
      absent,
      run: (ctx) =>
        withRunners(
          ctx.environment["url"]!,
          1,
          async (executor) => {
            const { isRight, seconds } = await runAll(executor, 10_000, 0)
            ctx.check(isRight, "every task is answered with its own number")
            return { "time per task, us": (seconds * 1e6) / 10_000 }
          },
          { concurrency: 1024, durable: ["Wait"] }
        )
    }
  }
}

const faults: Bench.Work = {
  name: "durable tasks while runners are killed and PostgreSQL is restarted",
  rounds: 1,
  subjects: {
    cluster: {
      absent,
      run: async (ctx) => {
        // A database of its own: restarting it must not disturb the other works.
        const database = await Postgres.start()
        try {
          return await withRunners(
            database.url,
            3,
            async (executor, runners) => {
              const tasks = ctx.quick ? 5_000 : 100_000
              const answers = new Uint8Array(tasks)
              let wrong = 0
              let lost = 0
              let kills = 0
              const done = new AbortController()
              const chaos = (async () => {
                while (!done.signal.aborted) {
                  await new Promise((resolve) => setTimeout(resolve, 3000))
                  if (done.signal.aborted) break
                  if (kills % 3 === 2) await database.restart()
                  else {
                    await runners.shift()!.kill("SIGKILL")
                    runners.push(await startRunner(database.url))
                  }
                  kills++
                }
              })()
              const start = performance.now()
              await new Promise<void>((resolve) => {
                let left = tasks
                for (let n = 0; n < tasks; n++) {
                  executor.submitUnsafe(new Wait({ n, milliseconds: 5 }), (exit) => {
                    answers[n]!++
                    if (Exit.isFailure(exit)) {
                      if (exit.cause.reasons.some((one) => one._tag === "Fail" && isExecutorError(one.error))) lost++
                      else wrong++
                    } else if (exit.value.n !== n) wrong++
                    if (--left === 0) resolve()
                  })
                }
              })
              done.abort()
              const seconds = (performance.now() - start) / 1000
              await chaos
              ctx.check(
                answers.every((count) => count === 1),
                "every task is answered exactly once"
              )
              return {
                "answered, tasks": answers.reduce((sum, count) => sum + Math.min(count, 1), 0),
                "answered twice, tasks": answers.filter((count) => count > 1).length,
                "lost, tasks": lost,
                "wrong, tasks": wrong,
                "kills and restarts": kills,
                seconds: seconds
              }
            },
            { durable: ["Wait"], concurrency: 1024 }
          )
        } finally {
          await database.stop()
        }
      }
    }
  }
}

export default Bench.define({
  name: "cluster/scale",
  environment: async () => {
    if (Postgres.absent !== undefined) return { values: {}, stop: () => {} }
    const database = await Postgres.start()
    return { values: { url: database.url }, stop: () => database.stop() }
  },
  works: [scaling(1), scaling(10), scaling(100), cost, faults],
  goals: [
    { work: "tasks of 10 ms", metric: "tasks/s", subject: "4 runners", against: "1 runner", atLeast: 3 },
    { work: "tasks of 100 ms", metric: "tasks/s", subject: "4 runners", against: "1 runner", atLeast: 3.5 },
    {
      work: "empty tasks",
      metric: "time per task, us",
      subject: "volatile",
      against: "volatile, one in a message",
      atMost: 0.2
    },
    { work: faults.name, metric: "lost, tasks", subject: "cluster", against: 0, atMost: 1 },
    { work: faults.name, metric: "answered twice, tasks", subject: "cluster", against: 0, atMost: 1 }
  ]
})
