/**
 * Where settings stand: the environment, a file, or code, each through Effect's own `ConfigProvider`. A source is read
 * whole, so that what it says too much is noticed.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as Yaml from "effect/encoding/Yaml"
import * as Result from "effect/Result"
import { SettingsError } from "./SettingsError.ts"

export interface Source {
  /** Shown in errors: `environment`, or the name of a file. */
  readonly name: string
  /** Everything is read below its key `handoff` (in any case). */
  readonly provider: ConfigProvider.ConfigProvider
  /** How a path is written in this source. */
  readonly write: (path: ReadonlyArray<string>) => string
}

/** A value that stands in a source. */
export interface Leaf {
  readonly source: string
  /** As it is written there: `HANDOFF_THREADS_MAX_THREADS`, `threads.maxThreads`. */
  readonly where: string
  /** Below `handoff`. */
  readonly path: ReadonlyArray<string>
  readonly text: string
}

const dotted = (path: ReadonlyArray<string>): string => path.join(".")

/** Variables that begin with `HANDOFF_`; without an argument, those of the process. */
export const environment = (env?: Readonly<Record<string, string>>): Source => ({
  name: "environment",
  provider: ConfigProvider.fromEnv(env === undefined ? {} : { env }),
  write: (path) => ["HANDOFF", ...path].join("_")
})

/** A value of code: `{ executor: "dns", threads: { maxThreads: 4 } }`. */
export const code = (value: unknown, name = "code"): Source => ({
  name,
  provider: ConfigProvider.fromUnknown({ handoff: value }),
  write: dotted
})

/** Any provider of Effect's, whose settings stand below `handoff`. */
export const provider = (name: string, provider: ConfigProvider.ConfigProvider): Source => ({
  name,
  provider,
  write: dotted
})

/** A file's text; the ending of its name says whether it is TOML, YAML or JSON. */
export const file = (name: string, text: string): Effect.Effect<Source, SettingsError> =>
  Effect.suspend(() => {
    const parsed = parse(name, text)
    return Result.isSuccess(parsed)
      ? Effect.succeed(code(parsed.success ?? {}, name))
      : Effect.fail(new SettingsError({ problems: [{ source: name, where: "", problem: parsed.failure }] }))
  })

const parse = (name: string, text: string): Result.Result<unknown, string> => {
  if (/\.toml$/i.test(name)) return Result.mapError(Toml.parse(text), (error) => error.message)
  const read = /\.ya?ml$/i.test(name) ? Yaml.parse : /\.json$/i.test(name) ? JSON.parse : undefined
  if (read === undefined) return Result.fail("the name of a configuration file ends in .toml, .yaml, .yml or .json")
  return Result.try({
    try: () => read(text) as unknown,
    catch: (error) => (error instanceof Error ? error.message : String(error))
  })
}

/** Every value that a source has below `handoff`. */
export const leaves = Effect.fnUntraced(function* (source: Source) {
  const found: Array<Leaf> = []
  const root = yield* source.provider.load([])
  const keys = root?._tag === "Record" ? [...root.keys].filter((key) => key.toLowerCase() === "handoff") : []
  for (const key of keys) yield* collect(source, [key], [], found)
  return found
})

const collect: (
  source: Source,
  at: ConfigProvider.Path,
  path: ReadonlyArray<string>,
  found: Array<Leaf>
) => Effect.Effect<void, ConfigProvider.SourceError> = Effect.fnUntraced(function* (source, at, path, found) {
  const node = yield* source.provider.load(at)
  if (node === undefined) return
  const add = (text: string) => found.push({ source: source.name, where: source.write(path), path, text })
  if (node.value !== undefined) add(node.value)
  if (node._tag === "Record") {
    for (const key of node.keys) yield* collect(source, [...at, key], [...path, key], found)
  } else if (node._tag === "Array") {
    const items: Array<string> = []
    for (let i = 0; i < node.length; i++) {
      const item = yield* source.provider.load([...at, i])
      items.push(item?._tag === "Value" ? item.value : "")
    }
    if (node.value === undefined) add(items.join(","))
  }
})
