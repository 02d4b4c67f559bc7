import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { commands } from "#demo/cli"

/** The command line with handlers that only say which command was meant. */
const parser = (meant: Array<string>) => {
  const silent = commands
    .filter((command) => command.name !== "config")
    .map((command) => Command.withHandler(command as never, () => Effect.sync(() => void meant.push(command.name))))
  const config = Command.make("config").pipe(
    Command.withSubcommands(
      ["init", "check", "show"].map((name) =>
        Command.make(name, {}, () => Effect.sync(() => void meant.push("config")))
      ) as never
    )
  )
  const root = Command.make("handoff").pipe(Command.withSubcommands([...silent, config] as never))
  return Command.runWith(root as never, { version: "0" }) as (
    args: ReadonlyArray<string>
  ) => Effect.Effect<void, unknown, never>
}

/** Every `handoff` command line in the shell examples, without its comment. */
const lines = [...Fs.readFileSync(new URL("../README.md", import.meta.url), "utf8").matchAll(/^```sh\n([^]*?)^```/gm)]
  .flatMap(([, block]) => block!.split("\n"))
  .flatMap((line) => /(?:^|\| )handoff ([^#|>]+)/.exec(line)?.[1]?.trim() ?? [])

const words = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)

describe("the README", () => {
  it("has examples of every command", () => {
    for (const { name } of commands) {
      if (name !== "tour")
        assert.isTrue(
          lines.some((line) => line.startsWith(name)),
          `no example of ${name}`
        )
    }
  })

  it.live.each(lines.filter((line) => !line.startsWith("--") && !line.startsWith("config")))(
    "has an example that is understood: handoff %s",
    (line) =>
      Effect.gen(function* () {
        const meant: Array<string> = []
        yield* Effect.provide(parser(meant)(words(line)), NodeServices.layer)
        assert.deepStrictEqual(meant, [words(line)[0]])
      })
  )
})
