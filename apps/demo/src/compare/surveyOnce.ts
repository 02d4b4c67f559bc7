import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import type { Figures } from "../commands/survey.ts"
import * as Authority from "../lab/Authority.ts"
import type * as Plan from "../lab/Plan.ts"
import type { Trouble } from "../program/Trouble.ts"
import { format as formatPorts } from "../survey/Ports.ts"
import { portsOf } from "../survey/Source.ts"
import { ownProcess } from "./ownProcess.ts"

export interface Surveyed {
  /** The choice in words. */
  readonly choice: string
  readonly figures: Figures
  /** Findings as lines of JSON, in the order of the lab's list. */
  readonly findings: string
}

/**
 * Surveys the lab in a process of its own, so that time, memory and delay are this choice's alone. `flags` are the
 * choice: `--executor=reactor`. Interrupting it stops that process and waits for it.
 */
export const surveyOnce = Effect.fnUntraced(function* (
  flags: ReadonlyArray<string>,
  nameServer: string,
  plan: Plan.Plan
): Effect.fn.Return<Surveyed, Trouble, Scope.Scope> {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "handoff-survey-"))),
    (folder) => Effect.promise(() => Fs.rm(folder, { recursive: true, force: true }))
  )
  const hosts = Path.join(folder, "hosts.txt")
  const figures = Path.join(folder, "figures.json")
  yield* Effect.promise(() => Fs.writeFile(hosts, plan.hosts.map((host) => `${host.name}\n`).join("")))
  const ca = Path.join(folder, "ca.pem")
  yield* Effect.promise(() => Fs.writeFile(ca, Authority.make(plan.seed, new Date(0)).cert))
  const findings = yield* ownProcess("the survey", [
    "survey",
    hosts,
    // Strategies are compared by work that computes, too.
    "--fingerprint=scrypt",
    ...flags,
    `--name-server=${nameServer}`,
    `--ports=${formatPorts(portsOf(plan))}`,
    `--ca=${ca}`,
    "--format=ndjson",
    `--figures=${figures}`
  ])
  const read = JSON.parse(yield* Effect.promise(() => Fs.readFile(figures, "utf8"))) as Figures
  return { choice: read.strategies, figures: read, findings: inOrder(findings) }
})

/** In the order of the lab's list. */
const inOrder = (lines: string): string =>
  lines
    .split("\n")
    .filter((line) => line !== "")
    .toSorted((a, b) => JSON.parse(a).line - JSON.parse(b).line)
    .join("\n")
