/** The settings of one strategy, under its name: a table of a file, a prefix of environment variables. */
import { describe, duration, integer, type Limit, number, octets, type Setting } from "./Setting.ts"

/** The settings of a section, by key. */
export type Fields = Readonly<Record<string, Setting<any>>>

/** What a section reads: a value for each of its settings. */
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K]["Type"] }

export interface Section<F extends Fields = Fields, Name extends string = string> {
  /** `threads`; empty for settings at the top. */
  readonly name: Name
  readonly fields: F
}

/** A section of this name; its keys are checked when it is made. */
export const define = <const F extends Fields, const Name extends string>(name: Name, fields: F): Section<F, Name> => ({
  name,
  fields
})

/**
 * A strategy's table of limits as settings: what is counted in `ms` or `milliseconds` may be written as a duration, what
 * is counted in `octets` with a unit, and the rest is a whole number where its default is one.
 */
export const ofLimits = <const L extends Readonly<Record<string, Limit>>>(
  limits: L
): { readonly [K in keyof L]: Setting<number> } =>
  Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, ofLimit(limit)])) as {
    readonly [K in keyof L]: Setting<number>
  }

const ofLimit = (limit: Limit): Setting<number> => {
  if (limit.unit === "ms" || limit.unit === "milliseconds") return duration(limit)
  if (limit.unit === "octets") return octets(limit)
  return Number.isInteger(limit.default) || limit.default === Infinity ? integer(limit) : number(limit)
}

/** What a section is without any configuration. */
export const defaults = <F extends Fields>(section: Section<F>): Values<F> =>
  Object.fromEntries(
    Object.entries(section.fields).map(([name, setting]) => [name, describe(setting).default])
  ) as Values<F>

/** `maxThreads` of `threads` as an environment variable: `HANDOFF_THREADS_MAX_THREADS`. */
export const variable = (section: Section, field: string): string =>
  ["HANDOFF", ...(section.name === "" ? [] : [section.name]), field].map(constantCase).join("_")

/** `threads.maxThreads`, as in a file. */
export const path = (section: Section, field: string): string =>
  section.name === "" ? field : `${section.name}.${field}`

const constantCase = (word: string): string =>
  word
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase()
