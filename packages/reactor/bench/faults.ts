/**
 * Faults in figures: how many exchanges with hostile peers ended as they must, 5,000 tasks on 256 descriptors, and what
 * is left behind when 10,000 exchanges are interrupted at random moments.
 */
import { Bench } from "@handoff/bench"
import { Exchange } from "@handoff/core"
import { Reactor } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NetAddress from "effect/net/NetAddress"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { scenarios } from "../test/support/hostile.ts"
import * as programs from "./support/programs.ts"

const many = fileURLToPath(new URL("../test/fixtures/many.ts", import.meta.url))

/** What this process holds, by counts. */
const held = (): Readonly<Record<"descriptors" | "timers" | "listeners", number>> => ({
  descriptors: fs.readdirSync("/proc/self/fd").length,
  timers: process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length,
  listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
})

const interrupted: Bench.Run = async (ctx) => {
  const count = ctx.quick ? 2_000 : 10_000
  const peer = NetAddress.inetAddressFromIpStringUnsafe("127.0.0.1", Number(ctx.environment["port"]))
  const task = new Exchange({
    transport: "tcp",
    peer,
    request: new Uint8Array(64),
    until: { _tag: "Octets", octets: 64 }
  })
  let fibers = 0
  const run = Effect.scoped(
    Effect.gen(function* () {
      const reactor = yield* Reactor.make({ keep: {}, drain: 0 })
      const ask = reactor.run(task)
      yield* Effect.forEach(
        Array.from({ length: count }, (_, i) => i),
        () =>
          Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(ask)
            fibers++
            fiber.addObserver(() => fibers--)
            yield* Effect.sleep(Math.random() * 100)
            yield* Fiber.interrupt(fiber)
          }),
        { concurrency: 200 }
      )
      return yield* reactor.stats
    })
  )
  const settle = () => new Promise((resolve) => setTimeout(resolve, 300))
  // What Node opens once for its process is not an exchange's.
  await Effect.runPromise(Effect.scoped(Effect.flatMap(Reactor.make({ drain: 0 }), (reactor) => reactor.run(task))))
  await settle()
  const before = held()
  const stats = await Effect.runPromise(run)
  await settle()
  const after = held()
  ctx.check(stats.done + stats.cancelled === count, "each exchange was done or cancelled")
  ctx.check(stats.cancelled > count / 100, "many were interrupted under way")
  const left = {
    "descriptors left": after.descriptors - before.descriptors,
    "timers left": after.timers - before.timers,
    "listeners left": after.listeners - before.listeners,
    "fibers left": fibers,
    "tasks left": stats.running + stats.queued
  }
  return {
    interrupted: stats.cancelled,
    done: stats.done,
    ...left,
    clean: Object.values(left).every((count) => count <= 0) ? 1 : 0
  }
}

const scarce: Bench.Run = async (ctx) => {
  const tasks = 5_000
  const started = performance.now()
  const answer = await new Promise<string>((resolve, reject) => {
    execFile(
      "sh",
      ["-c", `ulimit -n 256 && exec "$0" --conditions=@handoff/source "$1" ${tasks}`, process.execPath, many],
      (error, stdout) => (error === null ? resolve(stdout) : reject(error))
    )
  })
  const { ceiling, done, scarcities } = JSON.parse(answer) as { ceiling: number; done: number; scarcities: number }
  ctx.check(scarcities > 0, "descriptors ran out")
  return {
    "done, share": done / tasks,
    scarcities,
    "found limit": ceiling,
    seconds: (performance.now() - started) / 1_000
  }
}

const interruptedWork = "10,000 exchanges interrupted at random moments"
const scarceWork = "5,000 tasks with ulimit -n 256"

export default Bench.define({
  name: "reactor/faults",
  environment: async () => {
    const { port, stop } = await programs.server()
    return { values: { port }, stop }
  },
  works: [
    ...scenarios.map(({ name, run }): Bench.Work => ({
      name,
      rounds: 2,
      subjects: {
        reactor: async (ctx) => {
          const results = await Effect.runPromise(Effect.scoped(run))
          ctx.check(results.length > 0, "exchanges were made")
          return {
            exchanges: results.length,
            "as they must, share":
              results.filter(({ expected, got }) => expected.includes(got)).length / results.length,
            "typed, share": results.filter(({ isTyped }) => isTyped).length / results.length
          }
        }
      }
    })),
    { name: scarceWork, rounds: 2, subjects: { reactor: scarce } },
    { name: interruptedWork, rounds: 2, subjects: { reactor: interrupted } }
  ],
  goals: [
    ...scenarios.flatMap(({ name }): ReadonlyArray<Bench.Goal> => [
      { work: name, metric: "as they must, share", subject: "reactor", against: 1, atLeast: 1 },
      { work: name, metric: "typed, share", subject: "reactor", against: 1, atLeast: 1 }
    ]),
    { work: scarceWork, metric: "done, share", subject: "reactor", against: 1, atLeast: 1 },
    { work: interruptedWork, metric: "clean", subject: "reactor", against: 1, atLeast: 1 }
  ]
})
