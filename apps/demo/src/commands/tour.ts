/** `handoff tour`, which is `npm start`: the lab surveyed with each strategy in turn, side by side. */
import * as Command from "effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Os from "node:os"
import { surveyOnce, type Surveyed } from "../compare/surveyOnce.ts"
import type * as Plan from "../lab/Plan.ts"
import * as Private from "../lab/Private.ts"
import * as LabProcess from "../lab/Process.ts"
import { count } from "../output/count.ts"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import { invocation } from "../program/invocation.ts"
import * as strategies from "../strategies.ts"
import { exitWith } from "./exitWith.ts"
import { planOf, privateLabFlags } from "./labFlags.ts"

/** The choices that the tour shows, in order. */
const choices = ["threads", "reactor", "dns,reactor,threads"] as const

export const tour = Command.make(
  "tour",
  privateLabFlags,
  Effect.fnUntraced(function* (given) {
    const began = yield* Clock.monotonicTimeNanos
    const plan = planOf(given)
    const level = Private.current()
    if (level === "none") {
      const best = yield* Private.best(given.private)
      if (best !== "none") return yield* exitWith(yield* Private.restart(best, plan))
    }
    const ready = yield* LabProcess.start(plan, level === "network" ? 53 : 0)
    yield* Terminal.printLines(`${introduction(plan, level)}\n\n`)
    const nameServer = strategies.formatNameServer(ready.nameServer)
    const shown: Array<Surveyed> = []
    for (const executor of choices) shown.push(yield* surveyOnce([`--executor=${executor}`], nameServer, plan))
    const seconds = Number((yield* Clock.monotonicTimeNanos) - began) / 1e9
    const took = `The tour took ${seconds.toFixed(1)} s on ${count(Os.availableParallelism(), "processor")}.`
    yield* Terminal.printLines(`${sideBySide(shown)}\n\n${conclusion(shown, level)}\n\n${took}\n`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("Survey the embedded lab with each strategy in turn and show them side by side (npm start)"),
  Command.withExamples([
    { command: "handoff tour", description: "300 hosts, in under a minute" },
    { command: "handoff tour --hosts 50 --seed 7", description: "a smaller lab, and another one" }
  ])
)

const introduction = (plan: Plan.Plan, level: Private.Level): string => {
  const broken = plan.hosts.filter((host) => host.behaviour !== "healthy" && host.behaviour !== "slow").length
  const where = {
    network: "in a private network, where the C library asks the lab's name server too",
    files: "in private mounts, where the C library reads the lab's hosts file",
    none: "without private namespaces, which are not possible or not wanted here"
  }[level]
  return (
    `A lab of ${count(plan.hosts.length, "host")} on loopback, ${broken} of them broken on purpose, ${where}.\n` +
    "Each survey resolves every host, reverse-resolves it, talks to its ports and hashes what they say with scrypt."
  )
}

const sideBySide = (shown: ReadonlyArray<Surveyed>): string =>
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
    shown.map(({ choice, figures: { cost, done, failed }, findings }) => [
      choice,
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

const conclusion = (shown: ReadonlyArray<Surveyed>, level: Private.Level): string => {
  const reference = shown.at(-1)!
  const differing = shown.filter(({ findings }) => findings !== reference.findings)
  const lines: Array<string> = []
  if (differing.length === 0)
    lines.push("All surveys found the same: what a survey finds does not depend on who ran it.")
  else
    lines.push(
      `Findings that differ from those of ${reference.choice}: ${differing.map(({ choice }) => choice).join(", ")}.`
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
  const inline = shown.find(({ choice }) => choice === "reactor")!
  const p99 = ({ figures }: Surveyed) => `${figures.cost.loopDelay.p99.toFixed(1)} ms`
  lines.push(
    "",
    "Loop delay is how long anything else in the program had to wait. reactor computes inline, where everything waits:",
    `${p99(inline)} (p99), against ${p99(reference)} with ${reference.choice}, which computes on threads.`,
    "",
    "Where to look next:",
    ...next.map(([words, about]) => `  ${invocation} ${words.padEnd(32)}${about}`)
  )
  return lines.join("\n")
}

/** Commands, and what they show. */
const next = [
  ["serve", "a page to start surveys on, and to switch strategies while they run"],
  ["compare --html compare.html", "more choices, repeated, with charts"],
  ["explain", "who runs what, and why"],
  ["survey --lab --executor reactor", "one survey, as a table or as JSON"],
  ["lab", "the lab, to look at with tools of your own"],
  ["--help", "everything"]
] as const
