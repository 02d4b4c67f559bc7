/**
 * The process that surveys for the page. It is one of its own, so that what is measured is the survey's alone, that the
 * page stays alive while something computes inline, and that the lab can have its private network. Commands come as lines
 * of JSON on stdin, events go as lines of JSON to stdout; when stdin ends, so does it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as Authority from "../lab/Authority.ts"
import * as Plan from "../lab/Plan.ts"
import type * as Private from "../lab/Private.ts"
import * as LabProcess from "../lab/Process.ts"
import { count } from "../output/count.ts"
import { describe } from "../output/Seen.ts"
import * as Terminal from "../output/Terminal.ts"
import * as Cost from "../program/Cost.ts"
import { keepMemorySmall } from "../program/memory.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import type { Finding } from "../survey/Finding.ts"
import * as surveyLimits from "../survey/limits.ts"
import * as Pace from "../survey/Pace.ts"
import * as Source from "../survey/Source.ts"
import * as Store from "../survey/Store.ts"
import * as Survey from "../survey/Survey.ts"
import type { Target } from "../survey/Target.ts"
import { group } from "./Figures.ts"
import * as limits from "./limits.ts"
import { type Order, read } from "./Order.ts"
import type { Summary } from "./Runs.ts"
import type { End, Event, Row, Sample } from "./shared/Event.ts"
import * as Switchboard from "./Switchboard.ts"

export type Command =
  | { readonly _tag: "Order"; readonly order: Order; readonly store: string }
  | { readonly _tag: "Choice"; readonly choice: strategies.Choice }
  | { readonly _tag: "Stop" }

/** Runs one session to its end. */
export const run = (level: Private.Level): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* keepMemorySmall
    const commands = yield* readCommands
    const first = yield* Queue.take(commands)
    if (first._tag !== "Order") return
    const survey: Running = {
      switchboard: undefined,
      run: undefined,
      began: yield* Clock.currentTimeMillis,
      switches: 0
    }
    let wasStopped = false
    const work = yield* Effect.forkChild(Effect.scoped(carryOut(first.order, first.store, level, survey)))
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.flatMap(Queue.take(commands), (command) => {
          if (command._tag === "Stop") {
            wasStopped = true
            return Fiber.interrupt(work)
          }
          return command._tag === "Choice" ? change(survey, command.choice) : Effect.void
        })
      )
    )
    const exit = yield* Fiber.await(work)
    yield* say({ _tag: "Ended", end: { ...endOf(exit, wasStopped), run: survey.run } })
  })

/** What commands need to know of the survey that runs. */
interface Running {
  switchboard: Switchboard.Switchboard | undefined
  run: number | undefined
  began: number
  switches: number
}

const change = Effect.fnUntraced(function* (survey: Running, choice: strategies.Choice) {
  const { switchboard } = survey
  // Who asks for what holds already has changed nothing, and the charts have no mark for it.
  if (switchboard === undefined || strategies.format(choice) === strategies.format(switchboard.choice())) return
  // Which name server is asked is the survey's business, and so is whatever else strategies are made with.
  const changed = yield* Effect.result(switchboard.change({ ...strategies.resources(switchboard.choice()), ...choice }))
  if (Result.isFailure(changed)) return yield* say({ _tag: "NotSwitched", problem: changed.failure.message })
  const at = (yield* Clock.currentTimeMillis) - survey.began
  survey.switches++
  yield* say({ _tag: "Switched", switched: { at, choice } })
})

const carryOut = Effect.fnUntraced(function* (order: Order, file: string, level: Private.Level, survey: Running) {
  yield* say({ _tag: "Phase", phase: "Opening the store" })
  const store = yield* Store.open(file, { about: "page", isNew: true, keep: limits.runsKept })
  survey.run = store.run
  const { options, source } = order
  const plan = source._tag === "Lab" ? Plan.make(source.plan) : undefined
  let { choice } = order
  if (plan !== undefined) {
    yield* say({ _tag: "Phase", phase: `Building a lab of ${count(plan.hosts.length, "host")}` })
    const { nameServer } = yield* LabProcess.start(plan, level === "network" ? 53 : 0)
    choice = { ...choice, nameServer }
  }
  yield* say({ _tag: "Phase", phase: "Starting the strategies" })
  const switchboard = yield* Switchboard.make(choice)
  const list = source._tag === "List" ? read(source.text) : undefined
  const rejects = list?.rejects ?? []
  const targets = list?.targets ?? targetsOf(plan!)
  const tally: Tally = { done: 0, failed: 0, rejected: rejects.length, total: targets.length * order.passes, rows: [] }
  survey.switchboard = switchboard
  survey.began = yield* Clock.currentTimeMillis
  yield* say({ _tag: "Began", choice: order.choice, run: store.run, note: noteOf(plan, level) })
  if (rejects.length > 0) yield* say({ _tag: "Rejected", rejects: rejects.slice(0, limits.rowsPerSample) })
  const [, cost] = yield* Cost.measure(Effect.void)
  const sample = yield* sampler(survey.began, switchboard, tally)
  const summarize = (how: End["how"] | "running") =>
    Effect.flatMap(cost, (cost) => {
      const { done, failed, rejected } = tally
      const { began, switches } = survey
      const { call, exchange, executor, lookup } = switchboard.choice()
      const summary: Summary = {
        title: order.title,
        began,
        how,
        done,
        failed,
        rejected,
        cost,
        choice: { executor, lookup, exchange, call },
        switches
      }
      return store.summarize(summary)
    })
  yield* summarize("running")
  yield* Effect.forkScoped(Effect.repeat(sample, Schedule.spaced(limits.sampleInterval)))
  const take = (finding: Finding) => {
    tally[finding.state]++
    tally.rows.push(rowOf(finding, survey.began))
    return store.add(finding)
  }
  const wanted = plan === undefined ? options : inLab(plan, order)
  const surveyed = Stream.runForEach(
    Survey.run(switchboard.router, Stream.fromIterable(passes(targets, order.passes)), {
      ...wanted,
      pace: Pace.make()
    }),
    take
  )
  const limited =
    order.deadline === undefined
      ? Effect.asSome(surveyed)
      : Effect.timeoutOption(surveyed, Duration.seconds(order.deadline))
  return yield* Effect.onExit(
    Effect.map(limited, (end) => (Option.isSome(end) ? "finished" : "deadline")),
    (exit) =>
      Effect.gen(function* () {
        yield* sample
        yield* store.finish
        yield* summarize(Exit.isSuccess(exit) ? exit.value : Cause.hasInterruptsOnly(exit.cause) ? "stopped" : "failed")
      })
  )
})

interface Tally {
  done: number
  failed: number
  readonly rejected: number
  readonly total: number
  /** Since the last sample. */
  rows: Array<Row>
}

/** Says what there is to see now, whenever it is run. */
const sampler = Effect.fnUntraced(function* (began: number, switchboard: Switchboard.Switchboard, tally: Tally) {
  const resolution = 2
  const histogram = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => void histogram.disable())
  )
  const late = (nanoseconds: number) => Math.round(Math.max(0, nanoseconds / 1e6 - resolution) * 10) / 10
  const cpu = process.cpuUsage()
  return Effect.gen(function* () {
    const stats = yield* switchboard.stats
    const used = process.cpuUsage(cpu)
    const sample: Sample = {
      at: (yield* Clock.currentTimeMillis) - began,
      done: tally.done,
      failed: tally.failed,
      rejected: tally.rejected,
      total: tally.total,
      strategies: Array.from(stats, ([name, { extra, ...counts }]) => ({ name, ...counts, ...group(extra) })),
      loopDelay:
        histogram.count === 0
          ? { p50: 0, p99: 0, max: 0 }
          : { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) },
      cpuSeconds: Math.round((used.user + used.system) / 1e4) / 100,
      memoryMiB: Math.round(process.memoryUsage.rss() / 2 ** 20)
    }
    histogram.reset()
    const rows = tally.rows.slice(-limits.rowsPerSample)
    tally.rows = []
    if (rows.length > 0) yield* say({ _tag: "Rows", rows })
    yield* say({ _tag: "Sample", sample })
  })
})

/** A lab has ports of its own for what a preset means, and an authority that nobody else knows. */
const inLab = (plan: Plan.Plan, { options, ports }: Order): Order["options"] => ({
  ...options,
  ca: Authority.make(plan.seed, new Date(0)).cert,
  ...(ports !== "chosen" && { ports: ports === "preset" ? Source.portsFor(plan, options.ports) : Source.portsOf(plan) })
})

function* passes(targets: ReadonlyArray<Target>, times: number): Generator<Target> {
  for (let pass = 0; pass < times; pass++) yield* targets
}

const targetsOf = (plan: Plan.Plan): ReadonlyArray<Target> =>
  plan.hosts.map(({ name }, index) => ({ _tag: "Target", line: index + 1, host: name, isAddress: false, ports: [] }))

const noteOf = (plan: Plan.Plan | undefined, level: Private.Level): string | undefined => {
  if (plan === undefined || level === "network") return undefined
  return level === "files"
    ? "Names under threads come from the lab's hosts file: there is no private network here."
    : "Names under threads are what this system knows, not the lab's: there are no private namespaces here."
}

const rowOf = ({ addresses, host, line, ports, problem, state }: Finding, now: number): Row => {
  const seen = { now, soon: surveyLimits.soon.default }
  const said = ports.flatMap((port) => (port.state === "open" ? [`${port.port}: ${describe(port, seen)}`] : []))
  const says = problem ?? (said.length > 0 ? said.join("; ") : addresses.map(({ address }) => address).join(" "))
  return { line, host, state, says: says.length > 160 ? `${says.slice(0, 157)}...` : says }
}

const endOf = (exit: Exit.Exit<"finished" | "deadline", Trouble>, wasStopped: boolean): End => {
  if (Exit.isSuccess(exit)) return { how: exit.value }
  if (wasStopped || Cause.hasInterruptsOnly(exit.cause)) return { how: "stopped" }
  const error = Cause.squash(exit.cause)
  return { how: "failed", problem: error instanceof Trouble ? error.message : Cause.pretty(exit.cause) }
}

/** Whole lines; waits while the server is slow. */
const say = (event: Event): Effect.Effect<void> => Terminal.printLines(`${JSON.stringify(event)}\n`)

/** The commands on stdin; its end is a command to stop. */
const readCommands = Effect.gen(function* () {
  const queue = yield* Queue.unbounded<Command>()
  let pending = ""
  const data = (piece: string) => {
    const lines = (pending + piece).split("\n")
    pending = lines.pop()!
    for (const line of lines) Queue.offerUnsafe(queue, JSON.parse(line) as Command)
  }
  const end = () => void Queue.offerUnsafe(queue, { _tag: "Stop" })
  const { stdin } = process
  stdin.setEncoding("utf8").on("data", data).on("end", end).on("error", end)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      stdin.off("data", data).off("end", end).off("error", end).pause()
      stdin.unref()
    })
  )
  return queue
})
