/**
 * One value of a configuration: a schema from the text that stands in an environment or a file to the value, annotated
 * with its default, its range, its unit and the reason for the default. What is checked and what is documented are the
 * same annotations.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** A number that a strategy lives by, as it stands in the strategy's `limits.ts`. */
export interface Limit {
  readonly default: number
  readonly min: number
  readonly max: number
  /** `tasks`, `ms`, `octets`, ... */
  readonly unit: string
  /** Why the default is what it is. */
  readonly reason: string
}

/** A setting: text in, `A` out; `A` may be `undefined` where there is no default. */
export type Setting<A> = Schema.Codec<A, string, never, never>

/** What a setting says of itself. */
export interface Description {
  readonly default: string | number | boolean | ReadonlyArray<string> | undefined
  readonly unit: string
  readonly reason: string
  /** What is accepted, in words: `1 to 512`, `reactor or threads`. */
  readonly range: string
}

const key = "handoff"

/** The annotations of a setting. */
export const describe = (setting: Setting<any>): Description => Schema.resolveAnnotations(setting)?.[key] as Description

/** A setting from a parser: undefined from `parse` means that the text is none of `range`. */
const make = <A>(description: Description, parse: (text: string) => A | undefined): Setting<A> => {
  const invalid = Symbol("invalid")
  return Schema.String.pipe(
    Schema.decodeTo(
      Schema.Any.check(Schema.makeFilter((value: unknown) => value !== invalid || `expected ${description.range}`)),
      SchemaTransformation.transform({
        decode: (text: string): any => parse(text.trim()) ?? invalid,
        encode: (value: any) => (Array.isArray(value) ? value.join(",") : String(value))
      })
    )
  ).annotate({ default: description.default, description: description.reason, [key]: description })
}

const within = (limit: Limit) => (value: number | undefined) =>
  value !== undefined && value >= limit.min && value <= limit.max ? value : undefined

const rangeOf = (limit: Limit, whole: boolean): string =>
  `${whole ? "a whole number" : "a number"} of ${limit.unit} from ${limit.min} to ${limit.max}`

const numberFrom = (text: string): number | undefined => {
  const value = text === "" ? Number.NaN : Number(text)
  return Number.isNaN(value) ? undefined : value
}

/** A whole number in the limit's unit, or `Infinity` where the limit allows it. */
export const integer = (limit: Limit): Setting<number> => {
  const description = { default: limit.default, unit: limit.unit, reason: limit.reason, range: rangeOf(limit, true) }
  return make(description, (text) => {
    const value = within(limit)(numberFrom(text))
    return value === undefined || Number.isInteger(value) || value === Infinity ? value : undefined
  })
}

/** A number in the limit's unit. */
export const number = (limit: Limit): Setting<number> =>
  make({ default: limit.default, unit: limit.unit, reason: limit.reason, range: rangeOf(limit, false) }, (text) =>
    within(limit)(numberFrom(text))
  )

/** Milliseconds: a bare number, or with its unit as Effect writes durations (`5 seconds`). */
export const duration = (limit: Limit): Setting<number> => {
  const range = `${rangeOf(limit, false)}, or a duration such as "5 seconds"`
  return make({ default: limit.default, unit: limit.unit, reason: limit.reason, range }, (text) => {
    const bare = numberFrom(text)
    if (bare !== undefined) return within(limit)(bare)
    const spelled = Duration.fromInput(text as Duration.Input)
    return Option.isSome(spelled) ? within(limit)(Duration.toMillis(spelled.value)) : undefined
  })
}

/** Octets: a bare number, or with a unit of 1,024 or 1,000 (`64 KiB`, `1 MB`). */
export const octets = (limit: Limit): Setting<number> => {
  const range = `${rangeOf(limit, true)}, or with a unit such as "64 KiB"`
  return make({ default: limit.default, unit: limit.unit, reason: limit.reason, range }, (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(i?)b?$/i.exec(text)
    if (match === null) return undefined
    const base = match[3] === "" ? 1000 : 1024
    return within(limit)(Number(match[1]) * base ** " kmg".indexOf(match[2]!.toLowerCase() || " "))
  })
}

/** One of these words. */
export const word = <const W extends string>(
  words: ReadonlyArray<W>,
  options: { readonly default: NoInfer<W>; readonly reason: string }
): Setting<W> => make({ ...options, unit: "", range: words.join(" or ") }, (text) => words.find((one) => one === text))

/** Any text. */
export const text = <D extends string | undefined>(options: {
  readonly default: D
  readonly reason: string
}): Setting<string | D> => make<string | D>({ ...options, unit: "", range: "any text" }, (value) => value)

/** `true` or `false`; also `yes`, `no`, `on`, `off`, `1`, `0`. */
export const flag = (options: { readonly default: boolean; readonly reason: string }): Setting<boolean> =>
  make({ ...options, unit: "", range: "true or false" }, (text) => {
    if (/^(true|yes|on|1)$/i.test(text)) return true
    return /^(false|no|off|0)$/i.test(text) ? false : undefined
  })

/** Words separated by commas, or an array where the source has arrays. */
export const list = <D extends ReadonlyArray<string> | undefined>(options: {
  readonly default: D
  readonly reason: string
  /** The words to choose from. Default: any. */
  readonly of?: ReadonlyArray<string>
}): Setting<ReadonlyArray<string> | D> => {
  const { of, ...rest } = options
  const range = of === undefined ? "words separated by commas" : `a list of ${of.join(", ")}`
  return make<ReadonlyArray<string> | D>({ ...rest, unit: "", range }, (text) => {
    const words = text
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "")
    return of === undefined || words.every((one) => of.includes(one)) ? words : undefined
  })
}
