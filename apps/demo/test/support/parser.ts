/** The command line as it is, with handlers that only say which command was meant. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { handoff } from "#demo/cli"
import { ExitStatus } from "#demo/commands/exitWith"

/** A command, and the words by which it is called: `config init`. */
export interface Known {
  readonly words: ReadonlyArray<string>
  readonly command: Command.Command.Any
}

const below = (words: ReadonlyArray<string>, command: Command.Command.Any): ReadonlyArray<Known> => [
  { words, command },
  ...command.subcommands.flatMap(({ commands }) =>
    commands.flatMap((command) => below([...words, command.name], command))
  )
]

/** Every command there is, the whole one first. */
export const known: ReadonlyArray<Known> = below([], handoff)

/** The words that a shell makes of a line, if nothing in it is for the shell but quotes. */
export const split = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare!)

/** What a command line means, without its `handoff`: the words of the command. Fails where it is none. */
export const meaning = (args: ReadonlyArray<string>): Effect.Effect<string, Error> => {
  let meant = ""
  const said: Array<unknown> = []
  const silent = (words: ReadonlyArray<string>, command: Command.Command.Any): Command.Command.Any => {
    const parts = command.subcommands.flatMap(({ commands }) => commands)
    return parts.length > 0
      ? Command.make(command.name).pipe(
          Command.withSubcommands(parts.map((part) => silent([...words, part.name], part)) as never)
        )
      : Command.withHandler(command as never, () => Effect.sync(() => void (meant = words.join(" "))))
  }
  const run = Command.runWith(silent([], handoff) as typeof handoff, { version: "0" })
  return run(args).pipe(
    Effect.provideService(Console.Console, {
      ...globalThis.console,
      log: (...words: Array<unknown>) => void said.push(...words),
      error: (...words: Array<unknown>) => void said.push(...words)
    } as Console.Console),
    Effect.provideService(ExitStatus, { code: 0 }),
    Effect.provide(NodeServices.layer),
    Effect.map(() => meant),
    Effect.mapError((error) => new Error(`${args.join(" ")}: ${said.join("\n")}`, { cause: error }))
  )
}
