/** The flags of the shared settings; all are optional words here, because `Settings` also asks other sources. */
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import * as Settings from "../program/Settings.ts"

const word = (key: Settings.Key) =>
  Flag.String(Settings.flagName(key)).pipe(Flag.withDescription(describe(key)), Flag.optional)

const describe = (key: Settings.Key): string => {
  const usual = Settings.fields[key].default === undefined ? "" : `; default ${Settings.usual(key)}`
  return `${Settings.fields[key].about} (${Settings.variableName(key)}${usual})`
}

const config = Flag.String("config").pipe(
  Flag.withDescription("configuration file (HANDOFF_CONFIG; else ./handoff.json, ~/.config/handoff/config.json)"),
  Flag.optional
)

/** Who runs what. */
export const strategyFlags = {
  config,
  executor: word("executor"),
  lookup: word("lookup"),
  exchange: word("exchange"),
  call: word("call"),
  nameServer: word("nameServer"),
  threads: word("threads"),
  database: word("database")
}

/** How a survey is run. */
export const surveyFlags = {
  ...strategyFlags,
  concurrency: word("concurrency"),
  timeout: word("timeout"),
  ports: word("ports")
}

type Given = { readonly config: Option.Option<string> } & { readonly [K in Settings.Key]?: Option.Option<string> }

/** The settings that a command's flags, the environment and the configuration file give together. */
export const settings = (given: Given) => {
  const words: Partial<Record<Settings.Key, string>> = {}
  for (const key of Settings.keys) {
    const value = given[key]
    if (value !== undefined && Option.isSome(value)) words[key] = value.value
  }
  return Settings.load(words, Option.getOrUndefined(given.config))
}
