/**
 * What an inline call threw, described as it would arrive from a thread: an error by its class, message, stack, cause and
 * fields, with the errors in it alike. It may be anything, and hostile: what cannot be read or cloned is left out.
 */
import { inspect, types } from "node:util"

export interface Description {
  readonly errorName: string
  readonly errorMessage: string
  readonly errorStack?: string
  readonly fields?: unknown
  readonly cause?: unknown
}

/** Errors in errors are followed this deep; a cycle ends there, too. */
const depthMost = 8

/** Own properties that a description has by themselves. */
const described = new Set(["name", "message", "stack", "cause"])

/** Describes whatever was thrown. Never throws. */
export const describe = (thrown: unknown): Description => {
  if (attempt(() => isError(thrown)) === true) {
    const { message, name, stack, ...rest } = errorOf(thrown as Error, 0)
    return { errorName: name, errorMessage: message, ...(stack === undefined ? {} : { errorStack: stack }), ...rest }
  }
  const fields = attempt(() => structuredClone(thrown))
  return {
    errorName: thrown === null ? "null" : typeof thrown,
    // An object without a prototype has no text.
    errorMessage: text(() => (typeof thrown === "object" && thrown !== null ? inspect(thrown) : thrown)),
    ...(fields === undefined ? {} : { fields })
  }
}

interface Described {
  readonly name: string
  readonly message: string
  stack?: string
  fields?: Record<string, unknown>
  cause?: unknown
}

const isError = (value: unknown): value is Error => types.isNativeError(value) || value instanceof Error

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const text = (read: () => unknown): string => attempt(() => String(read())) ?? "(it cannot be shown)"

/** A subclass that does not set `name` is known by its own, not by that of a class further up. */
const nameOf = (error: Error): string => {
  const name = text(() => error.name)
  const own = attempt(() => {
    let holder: object | null = error
    while (holder !== null && !Object.hasOwn(holder, "name")) holder = Object.getPrototypeOf(holder) as object | null
    const isInherited = holder !== null && holder !== error && (holder as Error).constructor?.name === name
    return isInherited ? error.constructor.name : name
  })
  return typeof own === "string" && own !== "" ? own : name
}

const errorOf = (error: Error, depth: number): Described => {
  const about: Described = { name: nameOf(error), message: text(() => error.message) }
  if (depth === depthMost) return about
  const stack = attempt(() => error.stack)
  if (typeof stack === "string") about.stack = stack
  const fields: Array<[string, unknown]> = []
  // Also those that are not enumerable, as `AggregateError.errors`.
  for (const key of attempt(() => Object.getOwnPropertyNames(error)) ?? []) {
    if (described.has(key)) continue
    const value = attempt(() => nested(error[key as keyof Error], depth + 1))
    if (value !== undefined) fields.push([key, value])
  }
  if (fields.length > 0) about.fields = Object.fromEntries(fields)
  const cause = attempt(() => nested(error.cause, depth + 1))
  if (cause !== undefined) about.cause = cause
  return about
}

const nested = (value: unknown, depth: number): unknown => {
  if (isError(value)) return errorOf(value, depth)
  if (Array.isArray(value) && value.some(isError)) return value.map((one) => nested(one, depth))
  try {
    return structuredClone(value)
  } catch {
    return text(() => inspect(value))
  }
}
