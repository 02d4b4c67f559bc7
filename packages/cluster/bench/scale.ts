/**
 * Tasks of 1, 10 and 100 ms on 1, 2 and 4 runner processes over loopback and PostgreSQL, each runner running 16 at a
 * time; the cost of an empty task; and durable tasks while runners are killed and the database is restarted.
 *
 * The tasks wait instead of computing, because this bench is about what the cluster adds: on a machine with two cores
 * four runners cannot compute twice as fast as two, but they can wait twice as much.
 */
import { Bench } from "@handoff/bench"
import { Cluster, map } from "@handoff/cluster"
import { layerSubmitter } from "@handoff/cluster/postgres"
import { Call, type Executor, isExecutorError, type Task } from "@handoff/core"
import { Threads } from "@handoff/threads"
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
          const executor = yield* Cluster.make<Wait>({ kinds: [Wait, Call] as never, partitions: 64, ...options })
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
  name: `tasks that wait ${milliseconds} ms`,
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

/** Tasks that compute: they scale with cores, of which the runners here share two with submitter and database. */
const computing: Bench.Work = {
  name: "tasks that compute 5 ms",
  rounds: 3,
  subjects: Object.fromEntries(
    [1, 2].map((count) => [
      `${count} ${count === 1 ? "runner" : "runners"}`,
      {
        absent,
        run: async (ctx) =>
          withRunners(ctx.environment["url"]!, count, async (executor) => {
            const tasks = ctx.quick ? 400 : 2_000
            const start = performance.now()
            const out = await Effect.runPromise(
              Effect.forEach(
                Array.from({ length: tasks }, (_, n) => n),
                (n) =>
                  (executor as Cluster.Cluster<any>).run(
                    new Call<number>({ ...tripled, function: "burn", args: [n, 5] })
                  ),
                { concurrency: "unbounded" }
              )
            )
            const seconds = (performance.now() - start) / 1000
            ctx.check(
              out.every((value, n) => value === 3 * n),
              "every task is answered with its own number"
            )
            return { "tasks/s": tasks / seconds }
          })
      } satisfies Bench.Subject
    ])
  )
}

/** One task at a time: what it takes there and back, in a cluster that has nothing else to do. */
const alone: Bench.Work = {
  name: "a task alone",
  rounds: 3,
  subjects: Object.fromEntries(
    (["volatile", "durable"] as const).map((kind) => [
      kind,
      {
        absent,
        run: async (ctx) =>
          withRunners(
            ctx.environment["url"]!,
            1,
            async (executor) => {
              const times: Array<number> = []
              for (let n = 0; n < (ctx.quick ? 100 : 300); n++) {
                const { isRight, seconds } = await runAll(executor, 1, 0)
                ctx.check(isRight, "every task is answered with its own number")
                times.push(seconds * 1000)
              }
              times.sort((a, b) => a - b)
              return { "median, ms": times[times.length >> 1]!, "p99, ms": times[Math.floor(times.length * 0.99)]! }
            },
            { durable: kind === "durable" ? ["Wait"] : [] }
          )
      } satisfies Bench.Subject
    ])
  )
}

const tripled = { module: new URL("../test/support/triple.ts", import.meta.url).href, function: "triple" }

/** Hands tasks off, all at once, as a caller does who counts microseconds; microseconds for each, in whole. */
const perTask = <T extends Task.Any>(
  executor: Executor.Executor<T>,
  tasks: ReadonlyArray<T>,
  isRight: (value: any, n: number) => boolean
): Promise<{ readonly microseconds: number; readonly isRight: boolean }> =>
  new Promise((resolve) => {
    const start = performance.now()
    let left = tasks.length
    let right = 0
    for (const [n, task] of tasks.entries()) {
      executor.submitUnsafe(task, (exit) => {
        if (Exit.isSuccess(exit) && isRight(exit.value, n)) right++
        if (--left > 0) return
        resolve({
          microseconds: ((performance.now() - start) * 1000) / tasks.length,
          isRight: right === tasks.length
        })
      })
    }
  })

/** The median of five rounds, once the code of both sides is compiled: three rounds before do that. */
const warmed = async (once: () => ReturnType<typeof perTask>): ReturnType<typeof perTask> => {
  const rounds: Array<Awaited<ReturnType<typeof perTask>>> = []
  for (let round = 0; round < 8; round++) rounds.push(await once())
  const times = rounds.slice(3).map(({ microseconds }) => microseconds)
  return { microseconds: times.toSorted((a, b) => a - b)[2]!, isRight: rounds.every(({ isRight }) => isRight) }
}

/** The cost of so many empty tasks on one runner. */
const emptyOnRunner = (options: Partial<Cluster.Options<Wait>>, count = 10_000): Bench.Subject => ({
  absent,
  run: (ctx) =>
    withRunners(
      ctx.environment["url"]!,
      1,
      async (executor) => {
        const tasks = Array.from({ length: count }, (_, n) => new Wait({ n, milliseconds: 0 }))
        const { isRight, microseconds } = await warmed(() => perTask(executor, tasks, (value, n) => value.n === n))
        ctx.check(isRight, "every task is answered with its own number")
        return { "time per task, us": microseconds }
      },
      { concurrency: 1024, ...options }
    )
})

/**
 * An empty task, 10,000 handed off at once: what each pays for the way there and back, over loopback to one runner; and
 * what it pays to a thread of this process.
 */
const cost: Bench.Work = {
  name: "empty tasks",
  rounds: 3,
  subjects: {
    threads: {
      run: (ctx) =>
        Effect.runPromise(
          Effect.scoped(
            Effect.gen(function* () {
              const pool = yield* Threads.make({ minThreads: 1, maxThreads: 1 })
              const tasks = Array.from({ length: 10_000 }, (_, n) => new Call<number>({ ...tripled, args: [n] }))
              const { isRight, microseconds } = yield* Effect.promise(() =>
                warmed(() => perTask(pool, tasks, (value, n) => value === 3 * n))
              )
              ctx.check(isRight, "every task is answered with its own number")
              return { "time per task, us": microseconds }
            })
          )
        )
    },
    "items of a chunked map": {
      absent,
      run: (ctx) =>
        withRunners(
          ctx.environment["url"]!,
          1,
          async (executor) => {
            const items = Array.from({ length: 1_000_000 }, (_, n) => n)
            const once = async (count: number) => {
              const start = performance.now()
              const out = await Effect.runPromise(
                map<number>(executor as Cluster.Cluster<any>, { ...tripled, items: items.slice(0, count) })
              )
              ctx.check(
                out.every((value, n) => value === 3 * n),
                "every item has its own result"
              )
              return (performance.now() - start) / 1000
            }
            await once(10_000)
            const count = ctx.quick ? 100_000 : 1_000_000
            return { "time per task, us": ((await once(count)) * 1e6) / count }
          },
          { concurrency: 1024 }
        )
    },
    volatile: emptyOnRunner({}),
    "volatile, one in a message": emptyOnRunner({ batch: 1 }, 2000),
    durable: emptyOnRunner({ durable: ["Wait"] })
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
              const tasks = ctx.quick ? 6_000 : 100_000
              const answers = new Uint8Array(tasks)
              let answered = 0
              let wrong = 0
              let lost = 0
              const kill = async () => {
                await runners.shift()!.kill("SIGKILL")
                runners.push(await startRunner(database.url))
              }
              const round = [kill, kill, () => database.restart()]
              const events = ctx.quick ? round : [...round, ...round, ...round]
              const part = Math.ceil(tasks / events.length)
              const start = performance.now()
              await new Promise<void>((resolve, reject) => {
                const handOff = (from: number) => {
                  for (let n = from; n < Math.min(from + part, tasks); n++) {
                    executor.submitUnsafe(new Wait({ n, milliseconds: 5 }), (exit) => {
                      answers[n]!++
                      if (Exit.isFailure(exit)) {
                        if (exit.cause.reasons.some((one) => one._tag === "Fail" && isExecutorError(one.error))) lost++
                        else wrong++
                      } else if (exit.value.n !== n) wrong++
                      if (++answered === tasks) resolve()
                      wake()
                    })
                  }
                }
                let wake = () => {}
                const reaches = (count: number) =>
                  new Promise<void>((there) => {
                    wake = () => answered >= count && there()
                    wake()
                  })
                // Each event hits while some of its part are answered and most are not.
                const chaos = async () => {
                  for (const [i, event] of events.entries()) {
                    handOff(i * part)
                    await reaches(i * part + part / 10)
                    ctx.check(answered < Math.min((i + 1) * part, tasks), "every kill and restart hits tasks in work")
                    await event()
                  }
                }
                chaos().catch(reject)
              })
              const seconds = (performance.now() - start) / 1000
              ctx.check(
                answers.every((count) => count === 1),
                "every task is answered exactly once"
              )
              return {
                "answered, tasks": answers.reduce((sum, count) => sum + Math.min(count, 1), 0),
                "answered twice, tasks": answers.filter((count) => count > 1).length,
                "lost, tasks": lost,
                "wrong, tasks": wrong,
                "kills and restarts": events.length,
                seconds
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
  works: [scaling(1), scaling(10), scaling(100), computing, alone, cost, faults],
  goals: [
    { work: "tasks that wait 1 ms", metric: "tasks/s", subject: "2 runners", against: "1 runner", atLeast: 1 },
    { work: "tasks that wait 10 ms", metric: "tasks/s", subject: "4 runners", against: "1 runner", atLeast: 3 },
    { work: "tasks that wait 100 ms", metric: "tasks/s", subject: "4 runners", against: "1 runner", atLeast: 3.5 },
    { work: computing.name, metric: "tasks/s", subject: "2 runners", against: "1 runner", atLeast: 1.5 },
    { work: alone.name, metric: "median, ms", subject: "volatile", against: 5, atMost: 1 },
    { work: alone.name, metric: "median, ms", subject: "durable", against: 20, atMost: 1 },
    {
      work: cost.name,
      metric: "time per task, us",
      subject: "items of a chunked map",
      against: "threads",
      atMost: 0.5
    },
    { work: cost.name, metric: "time per task, us", subject: "volatile", against: "threads", atMost: 5 },
    { work: cost.name, metric: "time per task, us", subject: "durable", against: "threads", atMost: 15 },
    {
      work: "empty tasks",
      metric: "time per task, us",
      subject: "volatile",
      against: "volatile, one in a message",
      atMost: 0.2
    },
    { work: faults.name, metric: "lost, tasks", subject: "cluster", against: 0, atMost: 1 },
    { work: faults.name, metric: "wrong, tasks", subject: "cluster", against: 0, atMost: 1 },
    { work: faults.name, metric: "kills and restarts", subject: "cluster", against: 3, atLeast: 1 },
    { work: faults.name, metric: "answered twice, tasks", subject: "cluster", against: 0, atMost: 1 }
  ]
})
