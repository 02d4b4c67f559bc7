/**
 * The lab in a process of its own, so that what a survey costs is the survey's alone. It is this command's `lab`, which
 * says on stdout where it is and goes when its stdin ends: it never outlives us, however we end.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import { Trouble } from "../program/Trouble.ts"
import * as limits from "./limits.ts"
import * as Plan from "./Plan.ts"

/** What the lab says once it is there: one line of JSON. */
export interface Ready {
  readonly nameServer: { readonly address: string; readonly port: number }
}

/** Starts `handoff lab` and waits until it is there; closing the scope stops it and waits until it is gone. */
export const start = (
  plan: Plan.Plan,
  nameServerPort: number,
  nameLatency: number = limits.nameLatency.default
): Effect.Effect<Ready, Trouble, Scope.Scope> => spawn(plan, { "dns-port": nameServerPort, "dns-latency": nameLatency })

/** The services of a part of the hosts, in a process of their own. */
export const startPart = (plan: Plan.Plan, part: Plan.Part): Effect.Effect<Ready, Trouble, Scope.Scope> =>
  spawn(plan, { part: Plan.formatPart(part) })

const spawn = (
  plan: Plan.Plan,
  more: Readonly<Record<string, string | number>>
): Effect.Effect<Ready, Trouble, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly ready: Ready; readonly child: ChildProcess.ChildProcess }, Trouble>((resume) => {
      const options = {
        hosts: plan.hosts.length,
        seed: plan.seed,
        network: plan.network,
        broken: plan.broken,
        ...more
      }
      const child = ChildProcess.spawn(
        process.execPath,
        [
          ...process.execArgv,
          process.argv[1]!,
          "lab",
          "--child",
          ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
        ],
        // Ctrl-C at a terminal is for the survey; the lab goes when the survey has ended.
        { stdio: ["pipe", "pipe", "pipe"], detached: true }
      )
      let said = ""
      let complaint = ""
      child.stdin.on("error", () => {})
      child.stdout.on("data", (data) => {
        said += data
        if (said.includes("\n")) resume(Effect.succeed({ ready: JSON.parse(said) as Ready, child }))
      })
      child.stderr.on("data", (data) => (complaint = (complaint + data).slice(-4_096)))
      child.on("error", (cause) => resume(Effect.fail(new Trouble({ what: "the lab could not be started", cause }))))
      child.on("close", () =>
        resume(
          Effect.fail(new Trouble({ what: complaint.trim().replace(/^handoff: /, "") || "the lab ended at once" }))
        )
      )
      return Effect.sync(() => void child.kill("SIGKILL"))
    }),
    ({ child }) =>
      Effect.callback<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.on("close", () => resume(Effect.void))
        child.kill("SIGTERM")
      })
  ).pipe(Effect.map(({ ready }) => ready))
