/**
 * Handing calls off: small ones (1, 64 and 1,024 in flight), payloads copied and moved, work for two cores, the main
 * loop's delay meanwhile, fairness, start, memory, and an idle pool. Two threads everywhere.
 */
import { Bench } from "@handoff/bench"
import { execFileSync } from "node:child_process"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { fileURLToPath } from "node:url"
import * as ours from "./support/handoff.ts"
import { type Open, type Peer, peers, processPeers } from "./support/peers/Peer.ts"

const threads = 2

/** A quick run ends within a minute: one round, beside the three peers that are best at something. */
const isQuick = process.argv.includes("--quick")
const quickly = new Set(["poolifier", "piscina, 64 per thread", "workerpool"])
const rivals = Object.fromEntries(Object.entries(peers).filter(([name]) => !isQuick || quickly.has(name)))
const rounds = isQuick ? { rounds: 1 } : {}
const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

const median = (values: ReadonlyArray<number>, share = 0.5): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * Ours as a consumer gets it, built: from source every worker would compile Node's stripper of types, beside what is
 * measured. The peers are JavaScript too.
 */
const built = new URL("../dist/Threads.js", import.meta.url)
const open: typeof ours.open = async (options) => {
  const { make } = (await import(built.href)) as { readonly make: Parameters<typeof ours.open>[1] }
  return ours.open(options, make)
}

const build = async () => {
  const cwd = fileURLToPath(new URL("../../../", import.meta.url))
  execFileSync("npx", ["nx", "run", "@handoff/threads:build"], { cwd, stdio: ["ignore", "ignore", "inherit"] })
  return { values: {}, stop: () => {} }
}

/** The same run for every pool. */
const everyPool = (
  run: (pool: Peer, context: Bench.Context) => Promise<Bench.Figures>,
  suits: (name: string) => boolean = () => true
): Record<string, Bench.Subject> => {
  const subject =
    (openOne: Open): Bench.Run =>
    async (context) => {
      const pool = await openOne({ threads })
      context.check((await pool.call("add", 2, 3)) === 5, "2 + 3 is 5")
      return run(pool, context)
    }
  const all: Record<string, Bench.Subject> = { handoff: subject(open) }
  for (const [name, openOne] of Object.entries(rivals)) if (suits(name)) all[name] = subject(openOne)
  return all
}

/** As `everyPool`, over child processes: ours, and the peers that have such a thing, by default in JSON. */
const everyPoolOfProcesses = (
  run: (pool: Peer, context: Bench.Context) => Promise<Bench.Figures>,
  serialization: Parameters<typeof processPeers>[0] = "json"
) => {
  const ourProcesses: Open = (options) => open({ ...options, more: { isolation: "process" } })
  return Object.fromEntries(
    Object.entries({ handoff: ourProcesses, ...processPeers(serialization) }).map(
      ([name, openOne]): [string, Bench.Run] => [
        name,
        async (context) => {
          const pool = await openOne({ threads })
          context.check((await pool.call("add", 2, 3)) === 5, "2 + 3 is 5")
          const figures = await run(pool, context)
          await pool.close()
          return figures
        }
      ]
    )
  )
}

/** Calls a second, in `lanes` promises that each call one after the other. */
const throughput =
  (lanes: number) =>
  async (pool: Peer, { seconds }: Bench.Context): Promise<Bench.Figures> => {
    const round = async (milliseconds: number): Promise<number> => {
      const start = performance.now()
      let calls = 0
      const lane = async (): Promise<void> => {
        while (performance.now() - start < milliseconds) {
          const expected = calls + 1
          if ((await pool.call("add", calls++, 1)) !== expected) throw new Error("a sum is wrong")
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
      return (calls * 1000) / (performance.now() - start)
    }
    await round(seconds * 300)
    return { "calls/s": await round(seconds * 1000) }
  }

/** Ours through `run` and through `submitUnsafe`, in batches long enough to time. */
const oursThrough =
  (through: typeof ours.throughRun, lanes: number): Bench.Run =>
  async ({ check, quick }) => {
    const { call, pool } = await open({ threads })
    check((await call("add", 2, 3)) === 5, "2 + 3 is 5")
    const total = quick ? 100_000 : 500_000
    await through(pool, lanes, total)
    return { "calls/s": (total * 1000) / (await through(pool, lanes, total)) }
  }

const inFlight = (lanes: number): string => `small calls, ${lanes.toLocaleString("en")} in flight`

/** Two works, because ours are two: a rival of one must not be the other. */
const small = (lanes: number): ReadonlyArray<Bench.Work> => {
  const { handoff: _, ...others } = everyPool(throughput(lanes))
  const handoff = { run: oursThrough(ours.throughRun, lanes), submitUnsafe: oursThrough(ours.throughSubmit, lanes) }
  return [
    { name: `${inFlight(lanes)}, run`, subjects: { handoff: handoff.run, ...others } },
    { name: `${inFlight(lanes)}, submitUnsafe`, subjects: { handoff: handoff.submitUnsafe, ...others } }
  ]
}

const oneAtATime = async (pool: Peer, { quick }: Bench.Context): Promise<Bench.Figures> => {
  const count = quick ? 3_000 : 20_000
  const times = new Float64Array(count)
  for (let i = 0; i < count + 1_000; i++) {
    const start = performance.now()
    await pool.call("add", i, 1)
    if (i >= 1_000) times[i - 1_000] = (performance.now() - start) * 1000
  }
  times.sort()
  return { "p50, us": times[count >> 1]!, "p99, us": times[Math.floor(count * 0.99)]! }
}

const oneAtATimeInProcesses = "one at a time, processes"

const sizes = { "1 KB": 1_024, "1 MB": 2 ** 20, "64 MB": 2 ** 26 } as const

/** Median time of handing a buffer to `sizeOf`. */
const payload =
  (octets: number, moved: boolean) =>
  async (pool: Peer, { check, quick }: Bench.Context): Promise<Bench.Figures> => {
    // What is moved is not touched, however large.
    const isLong = octets > 2 ** 22 && !moved
    const count = isLong ? (quick ? 5 : 12) : quick ? 200 : 1_000
    // Until it is compiled, and what the allocator keeps for the next buffer has settled.
    const warm = isLong ? 5 : count
    const times: Array<number> = []
    for (let i = 0; i < count + warm; i++) {
      const buffer = new Uint8Array(octets)
      const start = performance.now()
      const size = moved ? await pool.move!("sizeOf", [buffer], [buffer.buffer]) : await pool.call("sizeOf", buffer)
      if (i >= warm) times.push((performance.now() - start) * 1000)
      check(size === octets, "every octet arrives")
    }
    return { "p50, us": median(times) }
  }

/** Turns of `burn` that take 5 ms once it is compiled. */
const turnsOf5ms = async (pool: Peer): Promise<number> => {
  const turns = 2_000_000
  const times: Array<number> = []
  for (let i = 0; i < 60; i++) {
    const start = performance.now()
    await pool.call("burn", turns)
    if (i >= 30) times.push(performance.now() - start)
  }
  return Math.round((turns * 5) / median(times))
}

/** How much faster two threads are than one: in halves, in turn, so that a drift of the machine's speed hits both. */
const speedUp = (openOne: Open): Bench.Run => {
  const time = async (pool: Peer, turns: number, calls: number): Promise<number> => {
    const start = performance.now()
    await Promise.all(Array.from({ length: calls }, () => pool.call("burn", turns)))
    return performance.now() - start
  }
  return async ({ check, quick }) => {
    const half = quick ? 50 : 200
    const one = await openOne({ threads: 1 })
    const two = await openOne({ threads: 2 })
    check((await one.call("add", 2, 3)) === 5, "2 + 3 is 5")
    const turns = await turnsOf5ms(one)
    await time(one, turns, 60)
    await time(two, turns, 60)
    let alone = 0
    let together = 0
    for (let i = 0; i < 2; i++) {
      alone += await time(one, turns, half)
      together += await time(two, turns, half)
    }
    return { "speed-up": alone / together }
  }
}

/** `load` returns how many calls it made. */
const loopDelay =
  (load: (pool: Peer, until: number) => Promise<number>) =>
  async (pool: Peer, { seconds }: Bench.Context): Promise<Bench.Figures> => {
    const histogram = monitorEventLoopDelay({ resolution: 1 })
    // Long enough that the hundredth part is many, and as long again first: V8's compilers have threads too, which are
    // what the main loop waits for while they work.
    const long = 3 * seconds
    await load(pool, performance.now() + long * 1000)
    histogram.enable()
    const calls = await load(pool, performance.now() + long * 1000)
    histogram.disable()
    return { "loop delay p99, ms": histogram.percentile(99) / 1e6, "calls/s": calls / long }
  }

/** Milliseconds of each call that saturates. */
const occupied = 5

const saturate = async (pool: Peer, until: number): Promise<number> => {
  const start = performance.now()
  let calls = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      await pool.call("occupy", occupied)
      calls++
    }
  }
  await Promise.all(Array.from({ length: 2 * threads }, lane))
  // The main loop of one that leaves a thread idle has a core for itself: that is no delay to compare with.
  const busy = (calls * occupied) / (performance.now() - start)
  if (busy < 0.75 * threads) throw new Error(`of ${threads} threads ${busy.toFixed(2)} were busy: not saturated`)
  return calls
}

/** A stream of small calls at half of what the slowest peer of use can take: the same for all. */
const halfCapacity = async (pool: Peer, until: number): Promise<number> => {
  const perMillisecond = 8
  const pending: Array<Promise<unknown>> = []
  while (performance.now() < until) {
    for (let i = 0; i < perMillisecond; i++) pending.push(pool.call("add", i, 1))
    await sleep(1)
  }
  await Promise.all(pending)
  return pending.length
}

/** 2,000 tiny calls in one turn of the main loop, and a long one in their midst. */
const burst = async (pool: Peer, long: number): Promise<{ readonly late: number; readonly median: number }> => {
  let longIsOver = false
  let late = 0
  const times: Array<number> = []
  const all: Array<Promise<unknown>> = []
  const start = performance.now()
  for (let i = 0; i < 2_001; i++) {
    if (i === 1_000) all.push(pool.call("occupy", long).then(() => (longIsOver = true)))
    else {
      all.push(
        pool.call("add", i, 1).then(() => {
          if (longIsOver) late++
          return times.push(performance.now() - start)
        })
      )
    }
  }
  await Promise.all(all)
  return { late, median: median(times) }
}

const fairness = async (pool: Peer, { quick }: Bench.Context): Promise<Bench.Figures> => {
  // Until everything is compiled and V8's young generation has grown to its size: otherwise it is the compiler, and
  // pages touched for the first time, that all wait for.
  for (let i = 0; i < (quick ? 5 : 25); i++) await burst(pool, 50)
  const bursts: Array<{ readonly late: number; readonly median: number }> = []
  for (let i = 0; i < (quick ? 3 : 9); i++) bursts.push(await burst(pool, 200))
  return {
    "stuck behind it, calls": Math.max(...bursts.map(({ late }) => late)),
    "median, ms": median(bursts.map((one) => one.median))
  }
}

/** `load` imports the library, so that only what follows `make` is timed. */
const start = (openOne: Open, load: () => Promise<unknown>): Bench.Subject => ({
  nodeArguments: ["--expose-gc"],
  run: async ({ check }) => {
    await load()
    const gc = (globalThis as { readonly gc?: () => void }).gc!
    gc()
    const before = process.memoryUsage().rss
    const began = performance.now()
    const pool = await openOne({ threads })
    check((await pool.call("add", 2, 3)) === 5, "2 + 3 is 5")
    const first = performance.now() - began
    await sleep(300)
    gc()
    const each = (process.memoryUsage().rss - before) / threads / 2 ** 20
    return { "first result, ms": first, "memory per idle worker, MB": each }
  }
})

/** Long, because to wake from it and to look costs up to two milliseconds itself, pool or none. */
const idle = async (_: Peer, { seconds }: Bench.Context): Promise<Bench.Figures> => {
  // V8 collects once more when it has been idle for a moment.
  await sleep(2_000)
  const wakeUps = () => process.resourceUsage().voluntaryContextSwitches
  const before = { processor: process.cpuUsage(), wakeUps: wakeUps() }
  const long = seconds * 10
  await sleep(long * 1000)
  const used = process.cpuUsage(before.processor)
  return {
    "processor while idle, ms/s": (used.user + used.system) / 1000 / long,
    "wake-ups while idle, /s": (wakeUps() - before.wakeUps) / long
  }
}

const moves = (name: string): boolean => name !== "effect rpc"

const p50 = "p50, us"
const payloads = Object.entries(sizes)
const works: ReadonlyArray<Bench.Work> = [
  ...small(64),
  ...small(1024),
  { name: "one at a time", subjects: everyPool(oneAtATime) },
  ...payloads.map(([size, octets]) => ({ name: `${size} copied`, subjects: everyPool(payload(octets, false)) })),
  ...payloads.map(([size, octets]) => ({ name: `${size} moved`, subjects: everyPool(payload(octets, true), moves) })),
  {
    name: "400 calls of 5 ms",
    subjects: {
      handoff: speedUp(open),
      ...Object.fromEntries(Object.entries(rivals).map(([name, openOne]) => [name, speedUp(openOne)]))
    }
  },
  { name: "both threads saturated", subjects: everyPool(loopDelay(saturate)) },
  { name: "small calls at half of capacity", subjects: everyPool(loopDelay(halfCapacity)) },
  { name: "one call of 200 ms among 2,000", subjects: everyPool(fairness) },
  {
    name: "start",
    subjects: {
      handoff: start(open, () => import(built.href)),
      piscina: start(peers["piscina"]!, () => import("piscina")),
      tinypool: start(peers["tinypool"]!, () => import("tinypool")),
      poolifier: start(peers["poolifier"]!, () => import("poolifier")),
      workerpool: start(peers["workerpool"]!, () => import("workerpool")),
      "effect rpc": start(peers["effect rpc"]!, () => import("effect/rpc/RpcClient"))
    }
  },
  { name: "idle", subjects: everyPool(idle) },
  { name: oneAtATimeInProcesses, subjects: everyPoolOfProcesses(oneAtATime) },
  { name: "1 MB copied, processes", subjects: everyPoolOfProcesses(payload(sizes["1 MB"], false), "advanced") }
]

export default Bench.define({
  name: "threads/handoff",
  environment: build,
  works: works.map((work) => Object.assign({}, work, rounds)),
  goals: [
    ...(
      [
        [64, "run", 6],
        [64, "submitUnsafe", 10],
        [1024, "run", 8],
        [1024, "submitUnsafe", 15]
      ] as const
    ).map(([lanes, through, atLeast]) => ({
      work: `${inFlight(lanes)}, ${through}`,
      metric: "calls/s",
      subject: "handoff",
      against: "best peer",
      atLeast
    })),
    { work: "one at a time", metric: p50, subject: "handoff", against: "best peer", atMost: 0.5 },
    ...payloads.flatMap(([size]) =>
      ["copied", "moved"].map((how) => ({
        work: `${size} ${how}`,
        metric: p50,
        subject: "handoff",
        against: "best peer",
        // Never slower, to within what the machine varies by itself.
        atMost: 1.05
      }))
    ),
    {
      work: "64 MB moved",
      metric: p50,
      subject: "handoff",
      against: { work: "1 MB moved", subject: "handoff" },
      atMost: 1.5
    },
    { work: "400 calls of 5 ms", metric: "speed-up", subject: "handoff", against: 1, atLeast: 1.95 },
    {
      work: "both threads saturated",
      metric: "loop delay p99, ms",
      subject: "handoff",
      against: "best peer",
      atMost: 1.05
    },
    {
      work: "small calls at half of capacity",
      metric: "loop delay p99, ms",
      subject: "handoff",
      against: "best peer",
      atMost: 1.05
    },
    {
      work: "one call of 200 ms among 2,000",
      metric: "stuck behind it, calls",
      subject: "handoff",
      against: 1,
      atMost: 0
    },
    { work: "one call of 200 ms among 2,000", metric: "median, ms", subject: "handoff", against: 10, atMost: 1 },
    { work: "start", metric: "first result, ms", subject: "handoff", against: "best peer", atMost: 1.05 },
    { work: "start", metric: "memory per idle worker, MB", subject: "handoff", against: "best peer", atMost: 1.05 },
    { work: "idle", metric: "processor while idle, ms/s", subject: "handoff", against: 1, atMost: 1 },
    // V8's own background threads have some; one that polls every 5 ms has 200.
    { work: "idle", metric: "wake-ups while idle, /s", subject: "handoff", against: 20, atMost: 1 },
    ...[oneAtATimeInProcesses, "1 MB copied, processes"].map((work) => ({
      work,
      metric: p50,
      subject: "handoff",
      against: "best peer",
      atMost: 1.05
    }))
  ]
})
