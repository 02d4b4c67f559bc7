/** `handoff tour`, which is `npm start`: the lab surveyed with each strategy in turn, side by side. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import type * as Plan from "../lab/Plan.ts"
import * as Private from "../lab/Private.ts"
import * as LabProcess from "../lab/Process.ts"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import * as ExitCode from "../program/ExitCode.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import { format as formatPorts } from "../survey/Ports.ts"
import { portsOf } from "../survey/Source.ts"
import { exitWith } from "./exitWith.ts"
import { planOf, privateLabFlags } from "./labFlags.ts"
import type { Figures } from "./survey.ts"

/** The choices that the tour shows, in order. */
const choices = ["threads", "reactor", "dns,reactor,threads"] as const

export const tour = Command.make(
  "tour",
  privateLabFlags,
  Effect.fnUntraced(function* (given) {
    const plan = planOf(given)
    const level = Private.current()
    if (level === "none") {
      const best = yield* Private.best(given.private)
      if (best !== "none") return yield* exitWith(yield* Private.restart(best, plan))
    }
    const ready = yield* LabProcess.start(plan, level === "network" ? 53 : 0)
    yield* Terminal.printLines(`${introduction(plan, level)}\n\n`)
    const nameServer = strategies.formatNameServer(ready.nameServer)
    const shown: Array<Shown> = []
    for (const executor of choices) shown.push(yield* showOne(executor, nameServer, plan))
    yield* Terminal.printLines(`${sideBySide(shown)}\n\n${conclusion(shown, level)}\n`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("Survey the embedded lab with each strategy in turn and show them side by side (npm start)"),
  Command.withExamples([
    { command: "handoff tour", description: "300 hosts, in under a minute" },
    { command: "handoff tour --hosts 50 --seed 7", description: "a smaller lab, and another one" }
  ])
)

interface Shown {
  readonly executor: string
  readonly figures: Figures
  /** Findings as lines of JSON, in the order of the lab's list. */
  readonly findings: string
}

/** Surveys the lab in a process of its own, so that time, memory and delay are this strategy's alone. */
const showOne = Effect.fnUntraced(function* (executor: string, nameServer: string, plan: Plan.Plan) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "handoff-tour-"))),
    (folder) => Effect.promise(() => Fs.rm(folder, { recursive: true, force: true }))
  )
  const hosts = Path.join(folder, "hosts.txt")
  const figures = Path.join(folder, "figures.json")
  yield* Effect.promise(() => Fs.writeFile(hosts, plan.hosts.map((host) => `${host.name}\n`).join("")))
  const findings = yield* runSurvey([
    "survey",
    hosts,
    `--executor=${executor}`,
    `--name-server=${nameServer}`,
    `--ports=${formatPorts(portsOf(plan))}`,
    "--format=ndjson",
    `--figures=${figures}`
  ])
  return {
    executor,
    figures: JSON.parse(yield* Effect.promise(() => Fs.readFile(figures, "utf8"))) as Figures,
    findings: inOrder(findings)
  }
})

const inOrder = (lines: string): string =>
  lines
    .split("\n")
    .filter((line) => line !== "")
    .toSorted((a, b) => JSON.parse(a).line - JSON.parse(b).line)
    .join("\n")

/** Runs this command's survey; its progress goes to our stderr, what it prints is the result. */
const runSurvey = (args: ReadonlyArray<string>): Effect.Effect<string, Trouble> =>
  Effect.callback<string, Trouble>((resume) => {
    const child = ChildProcess.spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: withoutSettings()
    })
    const pieces: Array<Buffer> = []
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece))
    child.on("error", (cause) => resume(Effect.fail(new Trouble({ what: "the survey could not be started", cause }))))
    child.on("close", (code) =>
      resume(
        code === ExitCode.done
          ? Effect.succeed(Buffer.concat(pieces).toString())
          : Effect.fail(new Trouble({ what: `the survey ended with exit code ${code}` }))
      )
    )
    return Effect.callback<void>((resume) => {
      child.on("close", () => resume(Effect.void))
      child.kill("SIGTERM")
    })
  })

/** The tour shows each strategy as it is: what the user has configured for surveys is left out. */
const withoutSettings = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("HANDOFF_") || name === "HANDOFF_PRIVATE")
  ),
  HANDOFF_CONFIG: "none",
  // Where the C library asks the world outside, and that does not answer, it shall not wait as long as it usually does.
  ...(Private.current() === "none" && { RES_OPTIONS: "timeout:1 attempts:1" })
})

const introduction = (plan: Plan.Plan, level: Private.Level): string => {
  const broken = plan.hosts.filter((host) => host.behaviour !== "healthy" && host.behaviour !== "slow").length
  const where = {
    network: "in a private network, where the C library asks the lab's name server too",
    files: "in private mounts, where the C library reads the lab's hosts file",
    none: "without private namespaces, which are not possible or not wanted here"
  }[level]
  return (
    `A lab of ${plan.hosts.length} hosts on loopback, ${broken} of them broken on purpose, ${where}.\n` +
    "Each survey resolves every host, reverse-resolves it, talks to its ports and fingerprints what they say."
  )
}

const sideBySide = (shown: ReadonlyArray<Shown>): string =>
  Table.format(
    [
      { title: "strategies" },
      { title: "hosts done", align: "right" },
      { title: "failed", align: "right" },
      { title: "seconds", align: "right" },
      { title: "loop delay p99, ms", align: "right" },
      { title: "longest, ms", align: "right" },
      { title: "memory, MiB", align: "right" },
      { title: "processor, s", align: "right" },
      { title: "findings" }
    ],
    shown.map(({ executor, figures: { cost, done, failed }, findings }) => [
      executor,
      String(done),
      String(failed),
      cost.seconds.toFixed(1),
      cost.loopDelay.p99.toFixed(1),
      cost.loopDelay.max.toFixed(1),
      String(cost.memoryMiB),
      cost.cpuSeconds.toFixed(1),
      findings === shown.at(-1)?.findings ? "the same" : "differ"
    ])
  )

const conclusion = (shown: ReadonlyArray<Shown>, level: Private.Level): string => {
  const reference = shown.at(-1)!
  const differing = shown.filter(({ findings }) => findings !== reference.findings)
  const lines: Array<string> = []
  if (differing.length === 0)
    lines.push("All surveys found the same: what a survey finds does not depend on who ran it.")
  else
    lines.push(
      `Findings that differ from those of ${reference.executor}: ${differing.map(({ executor }) => executor).join(", ")}.`
    )
  if (level === "none") {
    lines.push(
      "Names under threads are what this system knows: the C library reads only the system's own files, and private",
      "namespaces (unshare -Urmn) are not possible or not wanted here. So threads alone found no host of the lab."
    )
  }
  if (level === "files") {
    lines.push(
      "Names under threads came from the lab's hosts file: there is no `ip` here to give the lab a network of its own."
    )
  }
  lines.push(
    "",
    "Loop delay is how long anything else in the program had to wait. reactor computes inline, and it shows.",
    "",
    "Where to look next:",
    "  npm run handoff -- explain                          who runs what, and why",
    "  npm run handoff -- survey --lab --executor reactor  one survey, as a table or as JSON",
    "  npm run handoff -- lab                              the lab, to look at with tools of your own",
    "  npm run handoff -- --help                           everything"
  )
  return lines.join("\n")
}
