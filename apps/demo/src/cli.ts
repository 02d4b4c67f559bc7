/** The `handoff` command: its subcommands, one file each in `commands/`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { compare } from "./commands/compare.ts"
import { config } from "./commands/config.ts"
import { ExitStatus } from "./commands/exitWith.ts"
import { explain } from "./commands/explain.ts"
import { lab } from "./commands/lab.ts"
import { logs } from "./commands/logs.ts"
import { lookup } from "./commands/lookup.ts"
import { survey } from "./commands/survey.ts"
import { tour } from "./commands/tour.ts"

/** The subcommands, in the order of the help. */
export const commands = [survey, logs, lookup, compare, explain, config, lab, tour] as const

export const handoff = Command.make("handoff").pipe(
  Command.withDescription("Survey hosts, and see what concurrency strategies cost"),
  Command.withSubcommands(commands)
)

/** Runs a command line, without the program's own name; succeeds with the exit code. */
export const main = (args: ReadonlyArray<string>) =>
  Effect.suspend(() => {
    const status = { code: 0 }
    return Command.runWith(handoff, { version: "0.1.0" })(args).pipe(
      Effect.provideService(ExitStatus, status),
      Effect.provide(NodeServices.layer),
      Effect.map(() => status.code)
    )
  })
