/** The `handoff` command: its subcommands, one file each in `commands/`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { compare } from "./commands/compare.ts"
import { completions } from "./commands/completions.ts"
import { config } from "./commands/config.ts"
import { ExitStatus } from "./commands/exitWith.ts"
import { explain } from "./commands/explain.ts"
import { lab } from "./commands/lab.ts"
import { logs } from "./commands/logs.ts"
import { lookup } from "./commands/lookup.ts"
import { runner } from "./commands/runner.ts"
import { serve } from "./commands/serve.ts"
import { survey } from "./commands/survey.ts"
import { tour } from "./commands/tour.ts"
import * as Presenter from "./program/Presenter.ts"
import { version } from "./program/version.ts"

/** The whole of it, for the one subcommand that looks at it; its type is stated, because it would follow from itself. */
const root = (): Command.Command.Any => handoff

/** The subcommands, in the order of the help. */
export const commands = [
  survey,
  logs,
  lookup,
  compare,
  serve,
  explain,
  config,
  runner,
  completions(root),
  lab,
  tour
] as const

/** The command with all of them. */
export const handoff = Command.make("handoff").pipe(
  Command.withDescription("Survey hosts, and see what concurrency strategies cost"),
  Command.withSubcommands(commands),
  Command.withExamples([
    { command: "handoff tour", description: "what this is about, in under a minute" },
    { command: "handoff survey hosts.txt", description: "a host per line; who answers, and what they say" },
    { command: "handoff logs access.log > named.log", description: "names for the addresses of a web server's log" },
    { command: "handoff lookup localhost", description: "one name by every strategy, and why they differ" },
    { command: "handoff serve", description: "a page to start surveys on and to watch them" }
  ])
)

/** Runs a command line, without the program's own name; succeeds with the exit code. */
export const main = (args: ReadonlyArray<string>) =>
  Effect.suspend(() => {
    const status = { code: 0 }
    return Command.runWith(handoff, { version })(args).pipe(
      Effect.provideService(ExitStatus, status),
      Effect.provide(Presenter.layer),
      Effect.provide(NodeServices.layer),
      Effect.map(() => status.code)
    )
  })
