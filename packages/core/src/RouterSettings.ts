/** Who runs what, by configuration: the sections that a router's policy is read from. */
import * as Effect from "effect/Effect"
import type { Policy } from "./Router.ts"
import * as Section from "./settings/Section.ts"
import * as Setting from "./settings/Setting.ts"
import * as Settings from "./settings/Settings.ts"
import type { SettingsError } from "./settings/SettingsError.ts"
import type { Source } from "./settings/Source.ts"
import type * as Task from "./Task.ts"

/** The shared kinds: those that can be named in a configuration without an app's own. */
export const sharedKinds = ["LookupHost", "LookupAddress", "QueryRecords", "Exchange", "Call"] as const

/** `executor`, `onOverloaded`, `onLost` and `repeatable`, at the top. */
export const top = Section.define("", {
  executor: Setting.list({
    default: undefined,
    reason: "strategies by preference, best first; without it, all in the order in which the app gives them"
  }),
  onOverloaded: Setting.word(["fail", "next"], {
    default: "fail",
    reason: "a limit that is met should be seen; next tries the next strategy that supports the kind"
  }),
  onLost: Setting.word(["fail", "next"], {
    default: "fail",
    reason: "a lost task may have half run; next repeats it elsewhere, if its kind is safe to repeat"
  }),
  repeatable: Setting.list({
    default: undefined,
    reason: "kinds that may run twice, besides those that say so themselves"
  })
})

/** `kinds.LookupHost` and so on: the strategies for one kind, best first, and no others. */
export const kinds = (names: ReadonlyArray<Task.Kind> = sharedKinds) =>
  Section.define(
    "kinds",
    Object.fromEntries(
      names.map((kind) => [
        kind,
        Setting.list({ default: undefined, reason: `strategies for ${kind}, best first; without it, by preference` })
      ])
    )
  )

/** Both sections' values as a policy. */
export const toPolicy = (
  values: Section.Values<typeof top.fields>,
  byKind: Readonly<Record<string, ReadonlyArray<string> | undefined>>
): Policy => {
  const named = Object.entries(byKind).filter(
    (entry): entry is [string, ReadonlyArray<string>] => entry[1] !== undefined
  )
  return {
    ...(values.executor === undefined ? {} : { preference: values.executor }),
    ...(values.repeatable === undefined ? {} : { repeatable: values.repeatable }),
    onOverloaded: values.onOverloaded,
    onLost: values.onLost,
    kinds: Object.fromEntries(named)
  }
}

/**
 * The policy that a configuration states. `others` are the sections of the strategies at hand: a key of none of them is
 * an error.
 */
export const policy = (options?: {
  readonly kinds?: ReadonlyArray<Task.Kind>
  readonly others?: ReadonlyArray<Section.Section<any>>
  readonly sources?: ReadonlyArray<Source>
}): Effect.Effect<Policy, SettingsError> => {
  const byKind = kinds(options?.kinds)
  const sections = [top, byKind, ...(options?.others ?? [])]
  return Effect.map(Settings.load(sections, options?.sources), (loaded) => {
    const values = loaded as Record<string, any>
    return toPolicy(values[""], values["kinds"])
  })
}
