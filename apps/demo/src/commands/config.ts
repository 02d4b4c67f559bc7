/** `handoff config`: the configuration file, begun, checked, and shown with where each value comes from. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import * as Settings from "../program/Settings.ts"
import { Trouble } from "../program/Trouble.ts"
import { settings, surveyFlags } from "./settingFlags.ts"

const file = Argument.String("file").pipe(Argument.withDescription("the configuration file"))

const init = Command.make(
  "init",
  { file: Argument.withDefault(file, "handoff.json") },
  Effect.fnUntraced(function* ({ file }) {
    yield* Effect.tryPromise({
      try: async () => {
        // ~/.config/handoff is not there before its first file.
        await Fs.mkdir(Path.dirname(file), { recursive: true })
        // Nobody's settings are written over.
        await Fs.writeFile(file, starter(), { flag: "wx" })
      },
      catch: (cause) => {
        const { code } = cause as NodeJS.ErrnoException
        const isThere = code === "EEXIST"
        return new Trouble({
          what: isThere ? `${file} is there already` : `cannot write ${file} (${code})`,
          ...(isThere && { hint: "`handoff config show` says what it means" }),
          cause
        })
      }
    })
    yield* Terminal.printLines(`${file} written; every value in it is the default\n`)
  })
).pipe(
  Command.withDescription("Write a configuration file to start from"),
  Command.withExamples([
    { command: "handoff config init", description: "./handoff.json, which commands started here find by themselves" },
    { command: "handoff config init ~/.config/handoff/config.json", description: "for commands started anywhere" }
  ])
)

const check = Command.make(
  "check",
  { file },
  Effect.fnUntraced(function* ({ file }) {
    // The file alone: what flags or the environment would say instead makes nothing in it right or wrong.
    yield* Settings.loadFile(file)
    yield* Terminal.printLines(`${file} is right\n`)
  })
).pipe(
  Command.withDescription("Say what is wrong with a configuration file"),
  Command.withExamples([
    { command: "handoff config check handoff.json", description: "unknown keys and wrong values, all of them" }
  ])
)

const show = Command.make(
  "show",
  surveyFlags,
  Effect.fnUntraced(function* (given) {
    const chosen = yield* settings(given)
    const rows = Settings.keys.map((key) => [
      key,
      Settings.format(chosen, key),
      chosen.origins[key],
      `--${Settings.flagName(key)}`,
      Settings.variableName(key)
    ])
    const titles = ["setting", "value", "from", "flag", "variable"].map((title) => ({ title }))
    const where =
      Option.isSome(given.config) || process.env["HANDOFF_CONFIG"]
        ? ""
        : `\nLooked for: ${Settings.places(process.env).join(", ")}\n`
    yield* Terminal.printLines(`${Table.format(titles, rows)}\n${where}`)
  })
).pipe(
  Command.withDescription("Show every setting, its value, and where that comes from"),
  Command.withExamples([
    { command: "handoff config show", description: "what holds here" },
    { command: "HANDOFF_CONFIG=none handoff config show", description: "without any configuration file" },
    { command: "handoff config show --config other.json --timeout 500", description: "what would hold" }
  ])
)

export const config = Command.make("config").pipe(
  Command.withDescription("The configuration file: begin it, check it, show what holds and why"),
  Command.withSubcommands([init, check, show]),
  Command.withExamples([
    { command: "handoff config init", description: "write ./handoff.json" },
    { command: "handoff config check handoff.json", description: "unknown keys and wrong values, all of them" },
    { command: "HANDOFF_EXECUTOR=reactor handoff config show", description: "what holds, and where it comes from" }
  ])
)

/** Every setting that has a value by default. */
const starter = (): string => {
  const values = Settings.keys.flatMap((key) => {
    const value = Settings.fields[key].default
    return value === undefined ? [] : [[key, typeof value === "number" ? value : Settings.usual(key)] as const]
  })
  return `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`
}
