/** `handoff compare`: the same work under each strategy and setting, alternated and repeated. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Choice from "../compare/Choice.ts"
import * as Files from "../compare/Files.ts"
import * as Spread from "../compare/Spread.ts"
import { ownProcess } from "../compare/ownProcess.ts"
import { surveyOnce, type Surveyed } from "../compare/surveyOnce.ts"
import * as Plan from "../lab/Plan.ts"
import * as Private from "../lab/Private.ts"
import * as LabProcess from "../lab/Process.ts"
import * as Page from "../output/Page.ts"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import { writeFile } from "../output/writeFile.ts"
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
    json: Flag.String("json").pipe(Flag.withDescription("write every figure to this file"), Flag.optional),
    span: wholeNumber("span", "milliseconds of one measurement of files and names", Files.span),
    measure: Flag.String("measure").pipe(Flag.withHidden, Flag.optional),
    nameServer: Flag.String("name-server").pipe(Flag.withHidden, Flag.optional)
  },
  Effect.fnUntraced(function* (given) {
    if (Option.isSome(given.measure)) return yield* measureOnly(given.measure.value, given.nameServer, given.span)
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
    const files = yield* Effect.scoped(readFiles(plan, level, given.rounds, given.span))
    yield* Terminal.printLines(`${describeFiles(files, level)}\n`)
    if (Option.isSome(given.json))
      yield* writeFile(given.json.value, `${JSON.stringify({ surveys: rows, files }, null, 2)}\n`)
    if (Option.isSome(given.html)) yield* writeFile(given.html.value, page(rows, files))
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
    const times = (figure: (row: Row) => Spread.Spread) => (figure(onThreads).median / figure(home).median).toFixed(1)
    lines.push(
      `Threads for network IO are overkill: ${times((row) => row.memoryMiB)} times the memory and ${times((row) => row.cpuSeconds)} times the processor for the same` +
        ` survey in ${times((row) => row.seconds)} times the time.`
    )
  }
  if (home !== undefined && inline !== undefined) {
    const [held, free] = [inline.delayP99.median, home.delayP99.median]
    lines.push(
      `Inline compute delays the main program: everything else waits ${held.toFixed(1)} ms (p99), against ${free.toFixed(1)} ms with compute on threads.`
    )
  }
  return lines.join("\n")
}

/** One measurement for a `compare` that has started this process for it. */
const measureOnly = Effect.fnUntraced(function* (source: string, server: Option.Option<string>, span: number) {
  const nameServer = strategies.parseNameServer(Option.getOrElse(server, () => ""))
  if (!Files.isSource(source) || nameServer === undefined) {
    return yield* new Trouble({ isMisuse: true, what: "--measure is for compare itself" })
  }
  yield* Terminal.printLines(`${JSON.stringify(yield* Effect.scoped(Files.measure(source, nameServer, span)))}\n`)
})

/** A lab whose name server takes its time, so that who waits for it is seen; sources alternate. */
const readFiles = Effect.fnUntraced(function* (plan: Plan.Plan, level: Private.Level, rounds: number, span: number) {
  const small = Plan.make({ hosts: 1, seed: plan.seed, network: plan.network })
  const { nameServer } = yield* LabProcess.start(small, level === "network" ? 53 : 0, nameLatency)
  const measured: Array<Files.Measured> = []
  for (let round = 1; round <= rounds; round++) {
    for (const source of Files.sources) {
      yield* Terminal.note(`round ${round} of ${rounds}: files while names are looked up by ${source}`)
      const args = [`--measure=${source}`, `--name-server=${strategies.formatNameServer(nameServer)}`, `--span=${span}`]
      const said = yield* ownProcess("the measurement", ["compare", ...args], Files.environment(source))
      measured.push(JSON.parse(said) as Files.Measured)
    }
  }
  return Files.sources.map((source): FilesRow => {
    const mine = measured.filter((one) => one.source === source)
    const spread = (figure: (one: Files.Measured) => number) => Spread.of(mine.map(figure))
    return {
      source,
      file: spread(({ file }) => file),
      fileP99: spread(({ fileP99 }) => fileP99),
      hash: spread(({ hash }) => hash),
      ...(source !== "nobody" && { name: spread(({ name = Number.NaN }) => name) }),
      namesPerSecond: spread(({ namesPerSecond }) => namesPerSecond)
    }
  })
})

interface FilesRow {
  readonly source: Files.Source
  readonly file: Spread.Spread
  readonly fileP99: Spread.Spread
  readonly hash: Spread.Spread
  readonly name?: Spread.Spread
  readonly namesPerSecond: Spread.Spread
}

/** Milliseconds that the name server takes for these. */
const nameLatency = 50

const describeFiles = (rows: ReadonlyArray<FilesRow>, level: Private.Level): string => {
  const row = (source: Files.Source) => rows.find((row) => row.source === source)!
  const [alone, usual, single, dns] = (["nobody", "dns.lookup", "dns.lookup, one thread", "dns"] as const).map(row)
  const ms = (spread: Spread.Spread | undefined) => `${(spread?.median ?? Number.NaN).toFixed(1)} ms`
  return [
    "",
    `A small file and a hash on Node's pool while ${Files.lookups} names at a time are looked up, each answered after ${nameLatency} ms:`,
    "",
    Table.format(
      [
        { title: "names looked up by" },
        { title: "a file, ms", align: "right" },
        { title: "p99, ms", align: "right" },
        { title: "a hash, ms", align: "right" },
        { title: "a name, ms", align: "right" },
        { title: "names a second", align: "right" }
      ],
      rows.map(({ file, fileP99, hash, name, namesPerSecond, source }) => [
        source,
        Spread.format(file, 1),
        Spread.format(fileP99, 1),
        Spread.format(hash, 1),
        name === undefined ? "" : Spread.format(name, 0),
        name === undefined ? "" : Spread.format(namesPerSecond, 0)
      ])
    ),
    "",
    "Blocking names on the pool of the files:",
    `- with a pool of one thread files do wait for names: ${ms(single!.file)} for one, against ${ms(alone!.file)} while nobody asks`,
    `- with the usual four threads they do not (${ms(usual!.file)}): libuv lets names have half of the pool at most. So names`,
    `  wait for names: one takes ${ms(usual!.name)}, though the server answers after ${nameLatency}; by dns it takes ${ms(dns!.name)}`,
    "- the strategies leave the pool alone",
    ...(level === "network"
      ? []
      : ["Without a private network dns.lookup and threads ask the system's own name servers here."])
  ].join("\n")
}

const page = (rows: ReadonlyArray<Row>, files: ReadonlyArray<FilesRow>): string => {
  const bars = (title: string, figure: (row: Row) => Spread.Spread, digits: number) =>
    [
      title,
      Page.spreads(
        rows.map((row) => [row.name, figure(row)] as const),
        digits
      )
    ] as const
  const filesBars = (title: string, figure: (row: FilesRow) => Spread.Spread | undefined, digits: number) =>
    [
      title,
      Page.spreads(
        files.flatMap((row) => {
          const spread = figure(row)
          return spread === undefined ? [] : [[row.source, spread] as const]
        }),
        digits
      )
    ] as const
  return Page.page("The same survey under each strategy", [
    bars("Seconds", ({ seconds }) => seconds, 1),
    bars("Event-loop delay, p99, ms", ({ delayP99 }) => delayP99, 1),
    bars("Memory, MiB", ({ memoryMiB }) => memoryMiB, 0),
    bars("Processor seconds", ({ cpuSeconds }) => cpuSeconds, 1),
    filesBars("Milliseconds to read a file while names are looked up by", ({ file }) => file, 1),
    filesBars("Milliseconds to hash a password while names are looked up by", ({ hash }) => hash, 1),
    filesBars(
      `Milliseconds to a name that is answered after ${nameLatency}, ${Files.lookups} at a time`,
      ({ name }) => name,
      0
    ),
    filesBars("Names a second", ({ name, namesPerSecond }) => name && namesPerSecond, 0),
    ["What it says", `<pre>${Page.escape(claims(rows))}</pre>`]
  ])
}
