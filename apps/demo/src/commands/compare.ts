/** `handoff compare`: the same work under each strategy and setting, alternated and repeated. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs/promises"
import * as Choice from "../compare/Choice.ts"
import * as Files from "../compare/Files.ts"
import * as Spread from "../compare/Spread.ts"
import { surveyOnce, type Surveyed } from "../compare/surveyOnce.ts"
import * as Plan from "../lab/Plan.ts"
import * as Private from "../lab/Private.ts"
import * as LabProcess from "../lab/Process.ts"
import * as Html from "../output/Html.ts"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import { exitWith } from "./exitWith.ts"
import { planOf, privateLabFlags } from "./labFlags.ts"
import { wholeNumber } from "./wholeNumber.ts"

export const compare = Command.make(
  "compare",
  {
    ...privateLabFlags,
    rounds: wholeNumber("rounds", "how often each is repeated", { default: 3, minimum: 1, maximum: 100 }),
    choices: Flag.String("choices").pipe(
      Flag.withDescription("what to compare, separated by blanks: `threads dns,reactor+exchange=threads`"),
      Flag.optional
    ),
    html: Flag.String("html").pipe(Flag.withDescription("write a page with charts to this file"), Flag.optional),
    json: Flag.String("json").pipe(Flag.withDescription("write every figure to this file"), Flag.optional)
  },
  Effect.fnUntraced(function* (given) {
    const plan = planOf(given)
    const level = Private.current()
    if (level === "none") {
      const best = yield* Private.best(given.private)
      if (best !== "none") return yield* exitWith(yield* Private.restart(best, plan))
    }
    const choices = Option.match(given.choices, {
      onNone: () => Choice.usual,
      onSome: (words) => words.split(/\s+/).flatMap((word) => (word === "" ? [] : [Choice.parse(word)]))
    })
    const rows = yield* Effect.scoped(survey(plan, level, choices, given.rounds))
    yield* Terminal.printLines(`${table(rows)}\n\n${claims(rows)}\n`)
    const files = yield* Effect.scoped(readFiles(plan, level))
    yield* Terminal.printLines(`${describeFiles(files, level)}\n`)
    if (Option.isSome(given.json))
      yield* write(given.json.value, `${JSON.stringify({ surveys: rows, files }, null, 2)}\n`)
    if (Option.isSome(given.html)) yield* write(given.html.value, page(rows, files))
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "The same survey under each strategy and setting: medians and spread of time, processor, memory and delay"
  ),
  Command.withExamples([
    { command: "handoff compare", description: "six choices, three rounds" },
    { command: "handoff compare --hosts 50 --rounds 1 --html compare.html", description: "a quick look, with charts" },
    {
      command: "handoff compare --choices 'threads dns,reactor,threads+exchange=threads'",
      description: "two of your own"
    }
  ])
)

interface Row {
  readonly name: string
  readonly strategies: string
  readonly done: number
  readonly failed: number
  readonly seconds: Spread.Spread
  readonly cpuSeconds: Spread.Spread
  readonly memoryMiB: Spread.Spread
  readonly delayP99: Spread.Spread
}

/** Rounds of A B C A B C: a drift of the machine's speed hits all alike. */
const survey = Effect.fnUntraced(function* (
  plan: Plan.Plan,
  level: Private.Level,
  choices: ReadonlyArray<Choice.Choice>,
  rounds: number
) {
  const { nameServer } = yield* LabProcess.start(plan, level === "network" ? 53 : 0)
  const runs = new Map<Choice.Choice, Array<Surveyed>>()
  for (let round = 1; round <= rounds; round++) {
    for (const choice of choices) {
      yield* Terminal.note(`round ${round} of ${rounds}: ${choice.name}`)
      const once = yield* surveyOnce([...choice.flags, "--quiet"], strategies.formatNameServer(nameServer), plan)
      runs.set(choice, [...(runs.get(choice) ?? []), once])
    }
  }
  return [...runs].map(([{ name }, all]): Row => {
    const spread = (figure: (cost: Surveyed["figures"]["cost"]) => number) =>
      Spread.of(all.map(({ figures }) => figure(figures.cost)))
    const { done, failed } = all[0]!.figures
    return {
      name,
      strategies: all[0]!.choice,
      done,
      failed,
      seconds: spread((cost) => cost.seconds),
      cpuSeconds: spread((cost) => cost.cpuSeconds),
      memoryMiB: spread((cost) => cost.memoryMiB),
      delayP99: spread((cost) => cost.loopDelay.p99)
    }
  })
})

const table = (rows: ReadonlyArray<Row>): string =>
  Table.format(
    [
      { title: "choice" },
      { title: "strategies" },
      { title: "done", align: "right" },
      { title: "failed", align: "right" },
      { title: "seconds", align: "right" },
      { title: "processor, s", align: "right" },
      { title: "memory, MiB", align: "right" },
      { title: "loop delay p99, ms", align: "right" }
    ],
    rows.map((row) => [
      row.name,
      row.strategies,
      String(row.done),
      String(row.failed),
      Spread.format(row.seconds, 1),
      Spread.format(row.cpuSeconds, 1),
      Spread.format(row.memoryMiB, 0),
      Spread.format(row.delayP99, 1)
    ])
  )

/** What the figures say of the post's claims; only where both sides were measured. */
const claims = (rows: ReadonlyArray<Row>): string => {
  const home = rows.find(({ name }) => name === "each at home")
  const onThreads = rows.find(({ name }) => name === "exchanges on threads")
  const inline = rows.find(({ name }) => name === "compute inline")
  const lines: Array<string> = []
  if (home !== undefined && onThreads !== undefined) {
    const times = (onThreads.memoryMiB.median / home.memoryMiB.median).toFixed(1)
    lines.push(`Threads for network IO: ${times} times the memory for the same survey.`)
  }
  if (home !== undefined && inline !== undefined) {
    const [held, free] = [inline.delayP99.median, home.delayP99.median]
    lines.push(
      `Inline compute: everything else waits ${held.toFixed(1)} ms (p99), against ${free.toFixed(1)} ms with compute on threads.`
    )
  }
  return lines.join("\n")
}

/** A lab whose name server takes its time, so that who waits for it is seen. */
const readFiles = Effect.fnUntraced(function* (plan: Plan.Plan, level: Private.Level) {
  const small = Plan.make({ hosts: 1, seed: plan.seed, network: plan.network })
  const { nameServer } = yield* LabProcess.start(small, level === "network" ? 53 : 0, nameLatency)
  return yield* Effect.forEach(Files.sources, (source) => Effect.scoped(Files.measure(source, nameServer)))
})

const nameLatency = 100

const describeFiles = (rows: ReadonlyArray<Files.Figures>, level: Private.Level): string =>
  [
    "",
    `Reading a small file while ${Files.lookups} names at a time are looked up, each answered after ${nameLatency} ms:`,
    "",
    Table.format(
      [
        { title: "names looked up by" },
        { title: "a file takes, ms", align: "right" },
        { title: "names a second", align: "right" }
      ],
      rows.map(({ milliseconds, namesPerSecond, source }) => [
        source,
        Spread.format(milliseconds, 1),
        source === "nobody" ? "" : String(namesPerSecond)
      ])
    ),
    "",
    "dns.lookup blocks threads of the pool that Node's file system uses too. libuv lets it have half of the four, so",
    "names wait for names; a program with more to do on that pool waits as well. The strategies leave it alone.",
    ...(level === "network"
      ? []
      : ["Without a private network dns.lookup and threads ask the system's own name servers here."])
  ].join("\n")

const page = (rows: ReadonlyArray<Row>, files: ReadonlyArray<Files.Figures>): string =>
  Html.page("The same survey under each strategy", [
    ["Seconds", Html.bars(rows.map(({ name, seconds }) => [name, seconds.median]))],
    ["Event-loop delay, p99, ms", Html.bars(rows.map(({ delayP99, name }) => [name, delayP99.median]))],
    ["Memory, MiB", Html.bars(rows.map(({ memoryMiB, name }) => [name, memoryMiB.median]))],
    ["Processor seconds", Html.bars(rows.map(({ cpuSeconds, name }) => [name, cpuSeconds.median]))],
    ["Names a second", Html.bars(files.slice(1).map(({ namesPerSecond, source }) => [source, namesPerSecond]))],
    [
      "Milliseconds to read a file while names are looked up by",
      Html.bars(files.map(({ milliseconds, source }) => [source, Math.round(milliseconds.median * 10) / 10]))
    ]
  ])

const write = (file: string, text: string): Effect.Effect<void, Trouble> =>
  Effect.tryPromise({
    try: () => Fs.writeFile(file, text),
    catch: (cause) => new Trouble({ what: `cannot write ${file} (${(cause as NodeJS.ErrnoException).code})`, cause })
  })
