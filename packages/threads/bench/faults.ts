/**
 * Faults in figures: very many calls over two workers while a worker is killed every 50 ms (a process every 500) and one
 * call in a hundred exits, throws, loops for ever (with a timeout) or exhausts memory. Counted is what became of every
 * single call.
 *
 * The peers do the same work without the killing, for which they have no door, and far fewer calls, because most of
 * them never finish: what has not been answered when nothing moves any more is counted as stuck.
 */
import { Bench } from "@handoff/bench"
import type { Call } from "@handoff/core"
import type { Threads } from "@handoff/threads"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { readdirSync } from "node:fs"
import * as ours from "./support/handoff.ts"
import { type Open, peers } from "./support/peers/Peer.ts"

const threads = 2
/** Milliseconds that a call which loops for ever is given. */
const patience = 250

/** Ways of running out of memory. V8's limits hold a thread back from the first only; a process is a wall for all. */
const ways = ["exhaust", "exhaustArrays", "exhaustAtOnce", "exhaustText", "exhaustMaps", "exhaustBuffers"] as const
type Way = (typeof ways)[number]
type Fault = "exit" | "fail" | "loopForEver" | Way

/**
 * Which fault a call is, if one: one in a hundred. Throwing is cheap, the others cost a worker each, so a worker's
 * start; exhausting memory takes the longest and is the rarest.
 */
const faultOf = (i: number, isolation: "thread" | "process"): Fault | undefined => {
  if (i % 100 !== 50) return undefined
  const which = Math.floor(i / 100) % 100
  if (which < 4) return "exit"
  if (which === 4) return "loopForEver"
  if (which === 5) return "exhaust"
  return (isolation === "process" && ways[which - 5]) || "fail"
}

interface Counts {
  good: number
  goodLost: number
  goodWrong: number
  faultTyped: number
  faultWrong: number
  stuck: number
  kills: number
  /** Of those lost with their worker: a call that was given up was the reason, not the killer. */
  innocent: number
}

const zero = (): Counts => ({
  good: 0,
  goodLost: 0,
  goodWrong: 0,
  faultTyped: 0,
  faultWrong: 0,
  stuck: 0,
  kills: 0,
  innocent: 0
})

const handles = (): number => process.getActiveResourcesInfo().length
const mebibyte = 2 ** 20
const descriptors = (): number => readdirSync("/proc/self/fd").length

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

const ranOut = (error: any): boolean => error?._tag === "Lost" && error.how === "memory"

const expected: Readonly<Record<Fault, (error: any) => boolean>> = {
  exit: (error) => error?._tag === "Lost" && error.how === "exit" && error.exitCode === 3,
  fail: (error) => error?._tag === "CallError" && error.errorName === "RangeError",
  loopForEver: (error) => Cause.isTimeoutError(error),
  exhaust: ranOut,
  exhaustArrays: ranOut,
  exhaustAtOnce: ranOut,
  exhaustText: ranOut,
  exhaustMaps: ranOut,
  // Memory for a buffer may be refused in so many words, before V8 needs some itself.
  exhaustBuffers: (error) => ranOut(error) || (error?._tag === "CallError" && error.errorName === "RangeError")
}

/** Lost with a worker that the bench killed. One that the pool ended for the sake of another call is no excuse. */
const wasKilled = (error: any): boolean => error?._tag === "Lost" && error.detail === ours.killed
const wasInnocent = (error: any): boolean =>
  error?._tag === "Lost" && error.how === "terminated" && error.detail !== ours.killed

/** V8 says at length that a process is out of memory; a few thousand times that is too much. */
const silent = `--import=data:text/javascript,${encodeURIComponent(
  'import { closeSync, openSync } from "node:fs"; closeSync(2); openSync("/dev/null", "w")'
)}`

const moreOf = (isolation: "thread" | "process"): Threads.Options => ({
  isolation,
  onInterrupt: "terminate",
  ...(isolation === "process" && { execArgv: [...process.execArgv, silent] })
})

/** Milliseconds. A process takes longer than 50 to start, and would hardly answer a call before its end. */
const killEvery = { thread: 50, process: 500 }

/** Ours, with the killing. */
const survive =
  (isolation: "thread" | "process", callsOf: (quick: boolean) => number): Bench.Run =>
  async ({ check, quick }) => {
    const calls = callsOf(quick)
    ours.watchPools()
    const counts = zero()
    const gc = (globalThis as { readonly gc?: () => void }).gc!
    const round = async (total: number): Promise<void> => {
      const { close, pool } = await ours.open({ threads, memory: 24, more: moreOf(isolation) })
      const one = (i: number): Effect.Effect<void> => {
        const fault = faultOf(i, isolation)
        const call: Effect.Effect<unknown, unknown> =
          fault === undefined
            ? pool.run(ours.task("add", [i, 1]) as Call<number>)
            : fault === "loopForEver"
              ? pool.call(ours.module, fault, [], {}).pipe(Effect.timeout(patience))
              : pool.run(ours.task(fault, []))
        return Effect.map(Effect.exit(call), (exit: Exit.Exit<unknown, unknown>) => {
          const error =
            exit._tag === "Failure" ? (exit.cause.reasons.find(Cause.isFailReason)?.error ?? exit.cause) : undefined
          if (wasInnocent(error)) counts.innocent++
          if (fault === undefined) {
            if (exit._tag === "Success" && exit.value === i + 1) counts.good++
            else if (wasKilled(error)) counts.goodLost++
            else counts.goodWrong++
          } else if (exit._tag === "Failure" && (expected[fault](error) || wasKilled(error))) counts.faultTyped++
          else counts.faultWrong++
        })
      }
      let next = 0
      const lane = Effect.gen(function* () {
        while (next < total) yield* one(next++)
      })
      const killer = setInterval(() => {
        if (ours.killOne()) counts.kills++
      }, killEvery[isolation])
      const lanes = Array.from({ length: isolation === "thread" ? 64 : 8 }, () => lane)
      await Effect.runPromise(Effect.all(lanes, { concurrency: "unbounded", discard: true }))
      clearInterval(killer)
      await close()
    }
    // A first, small round: what Node keeps for ever after a first use is not a leak of the second.
    await round(Math.min(calls, 2_000))
    gc()
    await sleep(200)
    const before = { memory: process.memoryUsage(), handles: handles(), descriptors: descriptors() }
    Object.assign(counts, zero())
    const start = performance.now()
    await round(calls)
    const elapsed = (performance.now() - start) / 1000
    gc()
    await sleep(200)
    gc()
    const after = process.memoryUsage()
    // Before the first line is printed: that opens a handle of its own.
    const left = {
      "handles left, count": handles() - before.handles,
      "descriptors left, count": descriptors() - before.descriptors,
      "heap left, MB": Math.max(0, after.heapUsed - before.memory.heapUsed) / mebibyte,
      "memory left, MB": Math.max(0, after.rss - before.memory.rss) / mebibyte
    }
    const touched = Math.floor((calls + 49) / 100)
    console.log(`    ${calls} calls, ${touched} of them faults: ${JSON.stringify(counts)} in ${elapsed.toFixed(1)} s`)
    check(counts.good + counts.goodLost + counts.goodWrong === calls - touched, "every other call is answered once")
    check(counts.goodLost <= counts.kills, "a kill takes at most the one call that ran there")
    check(counts.faultTyped + counts.faultWrong === touched, "every touched call is answered once")
    return {
      "good calls not completed, calls": counts.goodWrong,
      "good calls lost with their killed worker, calls": counts.goodLost,
      "faults without their typed error, calls": counts.faultWrong,
      "lost with a worker that another call ended, calls": counts.innocent,
      "workers killed, count": counts.kills,
      "calls/s": calls / elapsed,
      ...left
    }
  }

/** A peer: the same faults, without the killing; whatever does not move for five seconds is stuck. */
const peer =
  (open: Open, fault: Fault): Bench.Run =>
  async ({ check, quick }) => {
    const total = quick ? 300 : 1_000
    const pool = await open({ threads, memory: 64 })
    check((await pool.call("add", 2, 3)) === 5, "2 + 3 is 5")
    let good = 0
    let failed = 0
    let settled = 0
    const follow = async (call: Promise<unknown>, isBad: boolean, i: number): Promise<void> => {
      try {
        if ((await call) === i + 1 && !isBad) good++
      } catch {
        if (!isBad) failed++
      }
      settled++
    }
    for (let i = 0; i < total; i++) {
      const isBad = i % 100 === 50
      const call = !isBad
        ? pool.call("add", i, 1)
        : fault === "loopForEver"
          ? pool.bounded!(patience, fault)
          : pool.call(fault)
      void follow(Promise.resolve(call), isBad, i)
    }
    let last = -1
    for (let quiet = 0; settled < total && quiet < (quick ? 20 : 50); quiet++) {
      if (settled !== last) quiet = 0
      last = settled
      await sleep(100)
    }
    const goodTotal = total - total / 100
    return {
      "good calls not completed, calls": goodTotal - good,
      "failed, calls": failed,
      "stuck, calls": goodTotal - good - failed
    }
  }

const inTheRing = (quick: boolean): number => (quick ? 20_000 : 1_000_000)
const inProcesses = (quick: boolean): number => (quick ? 1_000 : 100_000)
/**
 * Beside processes the young generation does not grow: how large V8 makes it, and when, is not what is asked. Threads
 * would have the same flags, and take longer to run out of memory.
 */
const nodeArguments = {
  thread: ["--expose-gc"],
  process: ["--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16"]
}
const surviving = (isolation: "thread" | "process", callsOf: (quick: boolean) => number): Bench.Subject => ({
  run: survive(isolation, callsOf),
  nodeArguments: nodeArguments[isolation]
})

const faults: Readonly<Record<string, Fault>> = {
  "ten of 1,000 exit": "exit",
  "ten of 1,000 throw": "fail",
  "ten of 1,000 exhaust memory": "exhaust",
  "ten of 1,000 loop for ever": "loopForEver"
}

const isQuick = process.argv.includes("--quick")
/** A quick run ends within a minute, so it leaves out those whose calls get stuck and must be waited for. */
const isPatient = (which: string): boolean => !isQuick || which.startsWith("piscina")

const survival = ["threads", "processes"] as const
const survivalWork = {
  threads: `a worker killed every ${killEvery.thread} ms, threads`,
  processes: `a worker killed every ${killEvery.process} ms, processes`
}

export default Bench.define({
  name: "threads/faults",
  works: [
    {
      name: survivalWork.threads,
      rounds: 1,
      subjects: { handoff: surviving("thread", inTheRing) }
    },
    {
      name: survivalWork.processes,
      rounds: 1,
      subjects: { handoff: surviving("process", inProcesses) }
    },
    ...Object.entries(faults).map(([name, fault]) => ({
      name,
      rounds: 1,
      subjects: {
        handoff: peer(ours.open, fault),
        ...Object.fromEntries(
          Object.entries(peers)
            .filter(([which]) => isPatient(which))
            .filter(([which]) => fault !== "loopForEver" || which !== "effect rpc")
            .map(([which, open]) => [which, peer(open, fault)])
        )
      }
    }))
  ],
  goals: [
    ...survival.flatMap((which) =>
      [
        "good calls not completed, calls",
        "faults without their typed error, calls",
        "lost with a worker that another call ended, calls",
        "handles left, count",
        "descriptors left, count"
      ].map((metric) => ({ work: survivalWork[which], metric, subject: "handoff", against: 1, atMost: 0 }))
    ),
    ...survival.map((which) => ({
      work: survivalWork[which],
      metric: "heap left, MB",
      subject: "handoff",
      against: 4,
      atMost: 1
    })),
    ...survival.map((which) => ({
      work: survivalWork[which],
      metric: "memory left, MB",
      subject: "handoff",
      against: 64,
      atMost: 1
    })),
    ...Object.keys(faults).map((work) => ({
      work,
      metric: "good calls not completed, calls",
      subject: "handoff",
      against: 1,
      atMost: 0
    }))
  ]
})
