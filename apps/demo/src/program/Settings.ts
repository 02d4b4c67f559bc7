/**
 * The settings that commands share, each from the first of: its flag, its environment variable, the configuration file,
 * its default. Every value remembers where it came from, so that `config show` and `explain` can say it.
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as strategies from "../strategies.ts"
import * as survey from "../survey/limits.ts"
import { parsePort, type Port } from "../survey/Target.ts"
import { Trouble } from "./Trouble.ts"

/** A setting as words: what a flag, a variable or a file says, or why that is wrong. */
interface Field<A> {
  readonly default: A
  readonly about: string
  readonly parse: (words: string) => A | Wrong
  readonly format: (value: A) => string
}

/** Why words are not a value. */
class Wrong {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

const field = <A>(field: Field<A>): Field<A> => field

const strategy = (about: string) =>
  field<strategies.Name | undefined>({
    default: undefined,
    about,
    parse: (words) => parseStrategy(words.trim()),
    format: (value) => value ?? "by preference"
  })

const parseStrategy = (word: string): strategies.Name | Wrong =>
  strategies.isName(word) ? word : new Wrong(`"${word}" is not a strategy; there are ${strategies.names.join(", ")}`)

interface Range {
  readonly minimum: number
  readonly maximum: number
}

const wholeNumber = <D extends number | undefined>(about: string, range: Range, usual: D) =>
  field<number | D>({
    default: usual,
    about: `${about}; ${range.minimum} to ${range.maximum}`,
    parse: (words) => {
      const value = /^\d{1,9}$/.test(words.trim()) ? Number(words) : Number.NaN
      return value >= range.minimum && value <= range.maximum
        ? value
        : new Wrong(`"${words}" is not a whole number from ${range.minimum} to ${range.maximum}`)
    },
    format: (value) => (value === undefined ? "as the work wants" : String(value))
  })

/** A list whose words are separated by commas. */
const list = <A>(words: string, parse: (word: string) => A | Wrong): ReadonlyArray<A> | Wrong => {
  const values: Array<A> = []
  for (const word of words
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")) {
    const value = parse(word)
    if (value instanceof Wrong) return value
    if (!values.includes(value)) values.push(value)
  }
  return values.length === 0 ? new Wrong("an empty list") : values
}

/** All settings. The key is the flag (`nameServer` is `--name-server`) and the variable (`HANDOFF_NAME_SERVER`). */
export const fields = {
  executor: field<ReadonlyArray<strategies.Name>>({
    default: strategies.defaults.executor,
    about: "strategies by preference: each kind of task goes to the first that supports it",
    parse: (words) => list(words, parseStrategy),
    format: (names) => names.join(",")
  }),
  lookup: strategy("the strategy that looks up names, addresses and records"),
  exchange: strategy("the strategy that talks to ports"),
  call: strategy("the strategy that computes"),
  nameServer: field<strategies.NameServer | undefined>({
    default: undefined,
    about: "the name server to ask, as address:port; the system's if none is given",
    parse: (words) => strategies.parseNameServer(words.trim()) ?? new Wrong(`"${words}" is not address:port`),
    format: (server) => (server === undefined ? "the system's" : strategies.formatNameServer(server))
  }),
  threads: wholeNumber("threads of the pool", strategies.threadCount, undefined),
  database: field<string | undefined>({
    default: undefined,
    about: "the cluster's PostgreSQL database, as postgres://user@host:5432/name; none: a cluster in this process",
    parse: (words) =>
      /^postgres(ql)?:\/\/./.test(words.trim()) ? words.trim() : new Wrong("not postgres://user@host:5432/name"),
    // A password is for the database only.
    format: (url) => (url === undefined ? "none: in this process" : url.replace(/(\/\/[^/@:]*):[^/@]*@/, "$1:***@"))
  }),
  concurrency: wholeNumber("hosts in work at once", survey.concurrency, survey.concurrency.default),
  timeout: wholeNumber(
    "milliseconds for a connection and for each silence in it",
    survey.timeout,
    survey.timeout.default
  ),
  ports: field<ReadonlyArray<Port>>({
    default: [
      { port: 22, protocol: "greeting" },
      { port: 25, protocol: "greeting" },
      { port: 80, protocol: "http" }
    ],
    about: "ports to talk to, such as 22,25,8080/http",
    parse: (words) =>
      list(words, (word) => {
        const port = parsePort(word)
        return typeof port === "string" ? new Wrong(port) : port
      }),
    format: (ports) => ports.map(({ port, protocol }) => `${port}/${protocol}`).join(",")
  })
} as const

export type Key = keyof typeof fields

type Value<K extends Key> = (typeof fields)[K] extends Field<infer A> ? A : never

export type Settings = { readonly [K in Key]: Value<K> } & {
  /** Where each value came from: `--executor`, `HANDOFF_EXECUTOR`, a file's name, or `default`. */
  readonly origins: Readonly<Record<Key, string>>
}

/** What a source says, in words. */
export type Words = Readonly<Partial<Record<Key, string>>>

export const keys = Object.keys(fields) as ReadonlyArray<Key>

/** `nameServer` as a flag: `--name-server`. */
export const flagName = (key: Key): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** `nameServer` in the environment: `HANDOFF_NAME_SERVER`. */
export const variableName = (key: Key): string => `HANDOFF_${flagName(key).replaceAll("-", "_").toUpperCase()}`

export const format = (settings: Settings, key: Key): string => (fields[key] as Field<any>).format(settings[key])

/** The value where nobody says anything. */
export const usual = (key: Key): string => (fields[key] as Field<any>).format(fields[key].default)

/** Merges the sources; the first problem of each setting is in the error, all settings together. */
export const merge = (sources: {
  readonly flags: Words
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file?: { readonly name: string; readonly words: Words } | undefined
}): Settings | Trouble => {
  const values: Record<string, unknown> = {}
  const origins: Record<string, string> = {}
  const wrongs: Array<string> = []
  for (const key of keys) {
    const inEnvironment = sources.environment[variableName(key)]
    const [words, origin] =
      sources.flags[key] !== undefined
        ? [sources.flags[key], `--${flagName(key)}`]
        : inEnvironment !== undefined && inEnvironment !== ""
          ? [inEnvironment, variableName(key)]
          : [sources.file?.words[key], sources.file?.name ?? "default"]
    const value = words === undefined ? fields[key].default : fields[key].parse(words)
    if (value instanceof Wrong)
      wrongs.push(
        `${origin}${origin.startsWith("-") || origin.startsWith("HANDOFF") ? "" : `, ${key}`}: ${value.reason}`
      )
    values[key] = value
    origins[key] = words === undefined ? "default" : origin
  }
  return wrongs.length > 0
    ? new Trouble({ isMisuse: true, what: wrongs.join("\n") })
    : ({ ...values, origins } as unknown as Settings)
}

/**
 * Reads a configuration file: a JSON object whose keys are settings, whose values are words, numbers or lists. Whatever
 * is wrong with it is in the error, also what a flag or a variable would win over.
 */
export const parseFile = (name: string, text: string): Words | Trouble => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return new Trouble({
      isMisuse: true,
      what: `${name} is not JSON: ${(cause as Error).message}`,
      hint: "`handoff config init` writes one to start from"
    })
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return new Trouble({
      isMisuse: true,
      what: `${name} is not a JSON object`,
      hint: "`handoff config init` writes one to start from"
    })
  }
  const words: Partial<Record<Key, string>> = {}
  const wrongs: Array<string> = []
  let isKnown = true
  for (const [key, value] of Object.entries(json)) {
    if (key === "$schema") continue
    if (!(keys as ReadonlyArray<string>).includes(key)) {
      wrongs.push(`${name}: unknown key "${key}"${meant(key)}`)
      isKnown = false
    } else if (typeof value === "string" || typeof value === "number") words[key as Key] = String(value)
    else if (Array.isArray(value)) words[key as Key] = value.map(String).join(",")
    else wrongs.push(`${name}: ${key} must be text, a number or a list`)
  }
  for (const key of keys) {
    const value = words[key] === undefined ? undefined : fields[key].parse(words[key])
    if (value instanceof Wrong) wrongs.push(`${name}, ${key}: ${value.reason}`)
  }
  return wrongs.length > 0
    ? new Trouble({
        isMisuse: true,
        what: wrongs.join("\n"),
        ...(!isKnown && { hint: `known keys: ${keys.join(", ")}` })
      })
    : words
}

const meant = (key: string): string => {
  const near = keys.find((known) => distance(key.toLowerCase(), known.toLowerCase()) <= 2)
  return near === undefined ? "" : `; did you mean "${near}"?`
}

/** Levenshtein's distance. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Where a configuration file is looked for when none is named, in order. */
export const places = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> => [
  "handoff.json",
  Path.join(
    environment["XDG_CONFIG_HOME"] || Path.join(environment["HOME"] ?? Os.homedir(), ".config"),
    "handoff",
    "config.json"
  )
]

/** Reads one configuration file, by itself. */
export const loadFile = (name: string): Effect.Effect<Words, Trouble> =>
  Effect.flatMap(
    Effect.tryPromise({ try: () => Fs.readFile(name, "utf8"), catch: (cause) => unreadable(name, cause) }),
    (text) => {
      const words = parseFile(name, text)
      return words instanceof Trouble ? Effect.fail(words) : Effect.succeed(words)
    }
  )

const unreadable = (name: string, cause: unknown): Trouble =>
  new Trouble({ what: `cannot read ${name} (${(cause as NodeJS.ErrnoException).code})`, cause })

/** Reads the file that is named, or the first that exists of `places`. */
export const load = Effect.fnUntraced(function* (
  flags: Words,
  config: string | undefined
): Effect.fn.Return<Settings, Trouble> {
  const { env } = process
  const named = config ?? (env["HANDOFF_CONFIG"] || undefined)
  let file: { readonly name: string; readonly words: Words } | undefined
  // `none` is for those who want to know what they run, whatever lies about.
  for (const name of named === undefined ? places(env) : named === "none" ? [] : [named]) {
    const words = yield* Effect.catchIf(
      loadFile(name),
      ({ cause }) => named === undefined && (cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT",
      () => Effect.undefined
    )
    if (words === undefined) continue
    file = { name, words }
    break
  }
  const settings = merge({ flags, environment: env, file })
  if (settings instanceof Trouble) return yield* settings
  return settings
})
