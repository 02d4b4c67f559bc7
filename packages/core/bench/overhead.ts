/**
 * What core adds to a task, over what the executor itself costs; and whether that depends on how many tasks wait.
 *
 * The executor below does nothing but answer on the next turn of the loop, all that it has at once, as a pool does that
 * drains its results. Figures named "over" are differences, measured in turns within one process.
 */
import { Bench } from "@handoff/bench"
import {
  Call,
  CompletionQueue,
  Executor,
  limit,
  Observability,
  observe,
  Outstanding,
  Router,
  type Task
} from "@handoff/core"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Semaphore from "effect/Semaphore"

const task = new Call<number>({ module: "file:///m.js", function: "f", args: [1] })
const answer = Exit.succeed(1)
const none = new Outstanding("none")

/** Answers everything on the next turn of the loop. */
const nextTurn = (): Executor.Executor<Task.Any> => {
  let waiting: Array<(exit: Exit.Exit<any, any>) => void> = []
  const drain = (): void => {
    const all = waiting
    waiting = []
    for (const onExit of all) onExit(answer)
  }
  return Executor.make<Task.Any>({
    name: "next turn",
    kinds: () => true,
    submitUnsafe: (_task, onExit) => {
      if (waiting.push(onExit) === 1) setImmediate(drain)
      return Executor.nothingToCancel
    },
    stats: none.statsEffect()
  })
}

const now = (): number => performance.now() * 1000

/** What a fiber hands over with each of its tasks. */
const context = Context.make(References.CurrentLogAnnotations, {})

/** Microseconds a task, `window` of them in flight, by callbacks alone. */
const byCallback = (executor: Executor.Executor<Task.Any>, tasks: number, window: number): Promise<number> =>
  new Promise((resolve) => {
    let sent = 0
    let got = 0
    const begin = now()
    const send = (): void => {
      sent++
      executor.submitUnsafe(task, onExit, context)
    }
    const onExit = (): void => {
      if (++got === tasks) resolve((now() - begin) / tasks)
      else if (sent < tasks) send()
    }
    while (sent < window) send()
  })

/** The same through a completion queue: a fiber takes what has finished and submits as many again. */
const byQueue = (executor: Executor.Executor<Task.Any>, tasks: number, window: number): Promise<number> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const queue = yield* CompletionQueue.make<Task.Any, number>(executor, { capacity: window })
        let sent = 0
        let got = 0
        const begin = now()
        while (sent < window) yield* queue.submit(task, sent++)
        while (got < tasks) {
          const all = yield* queue.takeAll
          got += all.length
          for (let i = 0; i < all.length && sent < tasks; i++) yield* queue.submit(task, sent++)
        }
        return (now() - begin) / tasks
      })
    )
  )

/** The least of several differences, taken in turns: noise only ever adds. */
const least = async (rounds: number, one: () => Promise<number>, other: () => Promise<number>) => {
  let a = Infinity
  let b = Infinity
  for (let i = 0; i < rounds; i++) {
    a = Math.min(a, await one())
    b = Math.min(b, await other())
  }
  return { a, b, over: a - b }
}

const check = async (ctx: Bench.Context, executor: Executor.Executor<Task.Any>) => {
  const value = await Effect.runPromise(executor.run(task))
  ctx.check(value === 1, "a task is answered with its value")
}

/** Tasks that wait in a limit of one at a time and are handed on one after the other: microseconds each, in all. */
const waiting = async (count: number, total: number): Promise<number> => {
  let done = 0
  let spent = 0
  for (let round = 0; round < total / count; round++) {
    const held: Array<(exit: Exit.Exit<any, any>) => void> = []
    const inner = Executor.make<Task.Any>({
      name: "held",
      kinds: () => true,
      submitUnsafe: (_task, onExit) => {
        held.push(onExit)
        return Executor.nothingToCancel
      },
      stats: none.statsEffect()
    })
    const limited = limit({ concurrency: 1 })(inner)
    const begin = now()
    for (let i = 0; i < count; i++) limited.submitUnsafe(task, () => done++)
    for (let onExit = held.pop(); onExit !== undefined; onExit = held.pop()) onExit(answer)
    spent += now() - begin
  }
  if (done !== Math.floor(total / count) * count) throw new Error("a waiting task was lost")
  return spent / done
}

/** Fibers that wait in `submit` for room in a queue of 64, let in one after the other as completions are taken. */
const waitingSubmits = async (count: number, total: number): Promise<number> => {
  let spent = 0
  const rounds = Math.max(1, Math.floor(total / count))
  for (let round = 0; round < rounds; round++) {
    spent += await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const queue = yield* CompletionQueue.make<Task.Any, number>(nextTurn(), { capacity: 64 })
          for (let i = 0; i < count; i++) yield* Effect.forkChild(queue.submit(task, i), { startImmediately: true })
          const begin = now()
          for (let got = 0; got < count;) got += (yield* queue.takeAll).length
          return now() - begin
        })
      )
    )
  }
  return spent / (rounds * count)
}

/** The same with Effect's semaphore of 64 permits. */
const waitingOnSemaphore = (count: number): Promise<number> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const semaphore = yield* Semaphore.make(64)
      const executor = nextTurn()
      const gate = yield* Deferred.make<void>()
      const one = semaphore.withPermits(1)(Effect.andThen(Deferred.await(gate), executor.run(task)))
      const fibers: Array<Fiber.Fiber<any, any>> = []
      for (let i = 0; i < count; i++) fibers.push(yield* Effect.forkChild(one, { startImmediately: true }))
      const begin = now()
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll(fibers)
      return (now() - begin) / count
    }) as Effect.Effect<number>
  )

/** Outstanding in the queue at once: handed off, answered, taken. */
const outstanding = async (count: number, total: number): Promise<number> => {
  const rounds = Math.max(1, Math.floor(total / count))
  let spent = 0
  for (let round = 0; round < rounds; round++) {
    const begin = now()
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const queue = yield* CompletionQueue.make<Task.Any, number>(nextTurn(), { capacity: count })
          for (let i = 0; i < count; i++) yield* queue.submit(task, i)
          let got = 0
          while (got < count) got += (yield* queue.takeAll).length
        })
      )
    )
    spent += now() - begin
  }
  return spent / (rounds * count)
}

const few = 100
const many = 100_000

const scaled =
  (run: (count: number, total: number) => Promise<number>, count: number) => async (ctx: Bench.Context) => {
    await check(ctx, nextTurn())
    const total = ctx.quick ? many : 4 * many
    // The heap grows to its size first: what is measured is the steady state.
    await run(few, 10_000)
    await run(count, 4 * many)
    return { "us/task": await run(count, total) }
  }

export default Bench.define({
  name: "core/overhead",
  works: [
    {
      name: "a completion queue over an executor, 1,000 in flight",
      subjects: {
        queue: async (ctx) => {
          const executor = nextTurn()
          await check(ctx, executor)
          const tasks = ctx.quick ? 50_000 : 200_000
          await byQueue(executor, tasks, 1000)
          const { a, b, over } = await least(
            7,
            () => byQueue(executor, tasks, 1000),
            () => byCallback(executor, tasks, 1000)
          )
          return { "queue, us/task": a, "executor alone, us/task": b, "over, us/task": over }
        }
      }
    },
    {
      name: "a router over an executor, 1,000 in flight",
      subjects: {
        router: async (ctx) => {
          const executor = nextTurn()
          const router = await Effect.runPromise(Router.make([executor]))
          await check(ctx, router)
          const tasks = ctx.quick ? 50_000 : 200_000
          await byCallback(router, tasks, 1000)
          const { over } = await least(
            7,
            () => byCallback(router, tasks, 1000),
            () => byCallback(executor, tasks, 1000)
          )
          return { "over, us/task": over }
        }
      }
    },
    {
      name: "observe, nobody listening",
      subjects: {
        observe: async (ctx) => {
          const executor = nextTurn()
          const observed = observe(executor)
          await check(ctx, observed)
          const tasks = ctx.quick ? 100_000 : 400_000
          await byCallback(observed, tasks, 1000)
          const { over } = await least(
            15,
            () => byCallback(observed, tasks, 1000),
            () => byCallback(executor, tasks, 1000)
          )
          return { "over, us/task": over }
        }
      }
    },
    {
      name: "observe, metrics listening",
      subjects: {
        observe: async (ctx) => {
          const executor = nextTurn()
          const observed = observe(executor)
          await check(ctx, observed)
          const tasks = ctx.quick ? 20_000 : 100_000
          const listening = Observability.layer({ spans: false, logs: "none" })
          const over = await Effect.runPromise(
            Effect.gen(function* () {
              const context = yield* Effect.context<never>()
              const heard: Executor.Executor<Task.Any> = {
                ...observed,
                submitUnsafe: (task, onExit) => observed.submitUnsafe(task, onExit, context)
              }
              return yield* Effect.promise(() =>
                least(
                  5,
                  () => byCallback(heard, tasks, 1000),
                  () => byCallback(executor, tasks, 1000)
                )
              )
            }).pipe(Effect.provide(listening))
          )
          return { "over, us/task": over.over }
        }
      }
    },
    {
      name: "tasks outstanding in a completion queue",
      subjects: { "100": scaled(outstanding, few), "100,000": scaled(outstanding, many) }
    },
    {
      name: "tasks waiting in a limit",
      subjects: { "100": scaled(waiting, few), "100,000": scaled(waiting, many) }
    },
    {
      name: "fibers waiting for room in a completion queue of 64",
      subjects: {
        "100": scaled(waitingSubmits, few),
        "100,000": scaled(waitingSubmits, many),
        "10,000 on a Semaphore": async (ctx) => {
          await check(ctx, nextTurn())
          await waitingOnSemaphore(few)
          return { "us/task": await waitingOnSemaphore(10_000) }
        }
      }
    }
  ],
  goals: [
    {
      work: "a completion queue over an executor, 1,000 in flight",
      metric: "over, us/task",
      subject: "queue",
      against: 1,
      atMost: 1
    },
    { work: "observe, nobody listening", metric: "over, us/task", subject: "observe", against: 0.1, atMost: 1 },
    // "The same" is within a third: a hundred thousand tasks do not fit the processor's cache, a hundred do.
    {
      work: "tasks outstanding in a completion queue",
      metric: "us/task",
      subject: "100,000",
      against: "100",
      atMost: 1.33
    },
    // What waits elsewhere is held against a semaphore on which a tenth as much waits: that grows with who waits, this
    // does not, and what is left between 100 and 100,000 is the collector's work on that many live objects.
    {
      work: "tasks waiting in a limit",
      metric: "us/task",
      subject: "100,000",
      against: { work: "fibers waiting for room in a completion queue of 64", subject: "10,000 on a Semaphore" },
      atMost: 0.1
    },
    {
      work: "fibers waiting for room in a completion queue of 64",
      metric: "us/task",
      subject: "100,000",
      against: "10,000 on a Semaphore",
      atMost: 0.1
    }
  ]
})
