import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import type { Figures } from "../commands/survey.ts"
import type * as Plan from "../lab/Plan.ts"
import * as Private from "../lab/Private.ts"
import * as ExitCode from "../program/ExitCode.ts"
import { Trouble } from "../program/Trouble.ts"
import { format as formatPorts } from "../survey/Ports.ts"
import { portsOf } from "../survey/Source.ts"

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
  const findings = yield* runSurvey([
    "survey",
    hosts,
    ...flags,
    `--name-server=${nameServer}`,
    `--ports=${formatPorts(portsOf(plan))}`,
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

/** The choice is shown as it is: what the user has configured for surveys is left out. */
const withoutSettings = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("HANDOFF_") || name === "HANDOFF_PRIVATE")
  ),
  HANDOFF_CONFIG: "none",
  // Where the C library asks the world outside, and that does not answer, it shall not wait as long as it usually does.
  ...(Private.current() === "none" && { RES_OPTIONS: "timeout:1 attempts:1" })
})
