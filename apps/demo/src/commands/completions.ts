/** `handoff completions`: the script that lets a shell complete commands, flags and their values. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import * as Effect from "effect/Effect"
import * as Terminal from "../output/Terminal.ts"

/** Of the command that has these subcommands; the parser itself has it as `--completions` too. */
export const completions = (root: () => Command.Command.Any) =>
  Command.make(
    "completions",
    {
      shell: Argument.Literals("shell", ["bash", "zsh", "fish"]).pipe(
        Argument.withDescription("whose script: bash, zsh or fish")
      )
    },
    Effect.fnUntraced(function* ({ shell }) {
      const command = root()
      yield* Terminal.printLines(`${Completions.generate(command.name, shell, Completions.fromCommand(command))}\n`)
    })
  ).pipe(
    Command.withDescription("Print the script that lets bash, zsh or fish complete this command"),
    Command.withExamples([
      { command: "handoff completions bash > ~/.local/share/bash-completion/completions/handoff", description: "bash" },
      { command: "handoff completions zsh > ~/.zfunc/_handoff", description: "zsh, with ~/.zfunc in fpath" },
      { command: "handoff completions fish > ~/.config/fish/completions/handoff.fish", description: "fish" }
    ])
  )
