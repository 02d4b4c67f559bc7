/**
 * One configuration for all strategies: sections of settings, read from several sources, checked together.
 *
 * Keys are compared without regard to case, `_`, `-` and `.`, so that `threads.maxThreads` of a file and
 * `HANDOFF_THREADS_MAX_THREADS` are one setting. The first source that has a setting wins. A key that no section knows
 * and a value that its setting does not accept are errors; all of them are reported at once, each with where it stands.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { nearest } from "./nearest.ts"
import * as Section from "./Section.ts"
import { describe, type Setting } from "./Setting.ts"
import { SettingsError } from "./SettingsError.ts"
import * as Source from "./Source.ts"

/** The values of several sections, by section name. */
export type Loaded<S extends ReadonlyArray<Section.Section<any>>> = {
  readonly [K in S[number] as K["name"]]: Section.Values<K["fields"]>
}

/** The current `ConfigProvider` as a source: by default the process's environment. */
export const current: Effect.Effect<Source.Source> = Effect.map(ConfigProvider.ConfigProvider, (provider) => ({
  ...Source.environment({}),
  provider
}))

/** Reads all sections. Without sources, the current `ConfigProvider` is read. */
export const load = <const S extends ReadonlyArray<Section.Section<any>>>(
  sections: S,
  sources?: ReadonlyArray<Source.Source>
): Effect.Effect<Loaded<S>, SettingsError> =>
  Effect.map(
    read(sections, sources, () => true),
    (values) => Object.fromEntries(values) as Loaded<S>
  )

/** Reads one section, and minds no other: what a strategy's own `layerConfig` needs. */
export const loadSection = <F extends Section.Fields>(
  section: Section.Section<F>,
  sources?: ReadonlyArray<Source.Source>
): Effect.Effect<Section.Values<F>, SettingsError> => {
  const own = normal(section.name)
  const values = read([section], sources, (leaf) => idOf(leaf).startsWith(own))
  return Effect.map(values, (values) => values.get(section.name) as Section.Values<F>)
}

/**
 * A section as one of Effect's `Config`s, for a strategy whose `layerConfig` takes one: `layerConfig(Settings.config(s))`.
 * It reads the `ConfigProvider` of the fiber; what is wrong comes as a `ConfigError` with all problems in its message.
 */
export const config = <F extends Section.Fields>(section: Section.Section<F>): Config.Config<Section.Values<F>> =>
  Config.mapEffect(Config.succeed(undefined), () =>
    Effect.mapError(
      loadSection(section),
      (error) => new Config.ConfigError(new ConfigProvider.SourceError({ message: error.message, cause: error }))
    )
  )

const read = Effect.fnUntraced(function* (
  sections: ReadonlyArray<Section.Section<any>>,
  sources: ReadonlyArray<Source.Source> | undefined,
  concerns: (leaf: Source.Leaf) => boolean
) {
  const places = indexOf(sections)
  const values = new Map(sections.map((section) => [section.name, { ...Section.defaults(section) } as any]))
  const problems: Array<SettingsError["problems"][number]> = []
  const set = new Set<string>()
  for (const source of sources ?? [yield* current]) {
    const leaves = yield* Effect.mapError(
      Source.leaves(source),
      (error) => new SettingsError({ problems: [{ source: source.name, where: "", problem: error.message }] })
    )
    for (const leaf of leaves.filter(concerns)) {
      const { text, where } = leaf
      const id = idOf(leaf)
      const place = places.get(id)
      if (place === undefined) {
        problems.push({ source: source.name, where, problem: `unknown key${hint(id, source, places)}` })
        continue
      }
      const decoded = Schema.decodeExit(place.setting)(text)
      if (Exit.isFailure(decoded)) {
        const { range } = describe(place.setting)
        problems.push({ source: source.name, where, problem: `expected ${range}, found ${JSON.stringify(text)}` })
      } else if (!set.has(id)) {
        set.add(id)
        values.get(place.section.name)[place.field] = decoded.value
      }
    }
  }
  if (problems.length > 0) return yield* new SettingsError({ problems })
  return values
})

/** All settings as a table in Markdown: key, variable, default, unit, range and reason. */
export const document = (sections: ReadonlyArray<Section.Section<any>>): string => {
  const lines = ["| key | variable | default | accepts | reason |", "|---|---|---|---|---|"]
  for (const section of sections) {
    for (const [field, setting] of Object.entries<Setting<any>>(section.fields)) {
      const { default: value, range, reason, unit } = describe(setting)
      const shown = value === undefined ? "none" : `${value.toString()}${unit === "" ? "" : ` ${unit}`}`
      const cells = [
        `\`${Section.path(section, field)}\``,
        `\`${Section.variable(section, field)}\``,
        shown,
        range,
        reason
      ]
      lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    }
  }
  return `${lines.join("\n")}\n`
}

interface Place {
  readonly section: Section.Section<any>
  readonly field: string
  readonly setting: Setting<any>
}

const normal = (key: string): string => key.replace(/[_.-]/g, "").toLowerCase()

const indexOf = (sections: ReadonlyArray<Section.Section<any>>): ReadonlyMap<string, Place> => {
  const places = new Map<string, Place>()
  for (const section of sections) {
    for (const [field, setting] of Object.entries<Setting<any>>(section.fields)) {
      places.set(normal(section.name + field), { section, field, setting })
    }
  }
  return places
}

const idOf = (leaf: Source.Leaf): string => normal(leaf.path.join(""))

const hint = (id: string, source: Source.Source, places: ReadonlyMap<string, Place>): string => {
  const close = places.get(nearest(id, places.keys()) ?? "")
  if (close === undefined) return ""
  const { field, section } = close
  const isVariable = source.write([]) === "HANDOFF"
  return `; did you mean ${isVariable ? Section.variable(section, field) : Section.path(section, field)}?`
}
