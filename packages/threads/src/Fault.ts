/**
 * Errors as data, so that class name, message, stack, cause and own fields survive the way to another thread or process.
 * The worker describes; the pool rebuilds a `CallError`. No import of Effect.
 *
 * What was thrown may be anything, and hostile: proxies, getters that throw, cycles. Whatever of it cannot be read or
 * cannot travel is left out, and the rest arrives.
 */
// Not `node:util`: to import that from a module makes Node load all that it has, in every thread.
import { isNativeError } from "node:util/types"
import type { Fault } from "./protocol.ts"

/** Causes are followed this deep; the next of a longer chain is told in brief, and ends it. */
const depthMost = 8

/** Gives a value as it arrives on the other side, or throws: a structured clone, or what a process's channel makes. */
export type Clone = (value: unknown) => unknown

/** Own properties of every error, which a `Fault` has by themselves. */
const described = new Set(["name", "message", "stack", "cause"])

/** Describes whatever was thrown. Never throws. `clone` says what survives the way; by default a structured clone. */
export const describe = (thrown: unknown, clone: Clone = structuredClone): Fault => {
  try {
    return new Describer(clone).fault(thrown, 0)
  } catch {
    // A proxy, say, that lets nobody look at it.
    return { name: typeof thrown, message: unreadable }
  }
}

const unreadable = "(it cannot be shown)"

const isError = (value: unknown): value is Error => isNativeError(value) || value instanceof Error

const attempt = (read: () => unknown): unknown => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const text = (read: () => unknown): string => {
  try {
    return String(read())
  } catch {
    return unreadable
  }
}

/** Whether `name` is only what a class further up calls itself: a subclass that does not set it is known by its own. */
const isInherited = (error: Error, name: string): boolean => {
  let holder: unknown = error
  while (holder !== null && !Object.hasOwn(holder as object, "name")) holder = Object.getPrototypeOf(holder)
  return holder !== null && holder !== error && (holder as Error).constructor?.name === name
}

const nameOf = (error: Error): string => {
  const name = text(() => error.name)
  const own = attempt(() => (isInherited(error, name) ? error.constructor.name : name))
  return typeof own === "string" && own !== "" ? own : name
}

const brief = (error: Error): Fault => ({ name: nameOf(error), message: text(() => error.message) })

class Describer {
  private readonly clone: Clone
  /** What has been described: an error is told once, and where it turns up again, or round and round, in brief. */
  private readonly told = new Set<Error>()

  constructor(clone: Clone) {
    this.clone = clone
  }

  fault(thrown: unknown, depth: number): Fault {
    if (isError(thrown)) return this.error(thrown, depth)
    return {
      name: thrown === null ? "null" : typeof thrown,
      message: text(() => thrown),
      fields: this.clonable(thrown)
    }
  }

  private error(error: Error, depth: number): Fault {
    this.told.add(error)
    const fault: { -readonly [K in keyof Fault]: Fault[K] } = brief(error)
    const stack = attempt(() => error.stack)
    if (typeof stack === "string") fault.stack = stack
    const fields = this.fields(error, depth)
    if (fields !== undefined) fault.fields = fields
    const cause = attempt(() => this.nested(error.cause, depth))
    if (cause !== undefined) fault.cause = cause
    return fault
  }

  /** Own fields, those of `AggregateError` and `SuppressedError` that are not enumerable too. */
  private fields(error: Error, depth: number): Record<string, unknown> | undefined {
    let fields: Record<string, unknown> | undefined
    for (const key of Object.getOwnPropertyNames(error)) {
      if (described.has(key)) continue
      const value = attempt(() => this.nested(error[key as keyof Error], depth))
      if (value !== undefined) define((fields ??= {}), key, value)
    }
    return fields
  }

  /** An error in an error is described as well, alone or in an array; a structured clone would take away its class. */
  private nested(value: unknown, depth: number): unknown {
    if (isError(value)) return depth === depthMost || this.told.has(value) ? brief(value) : this.error(value, depth + 1)
    if (!Array.isArray(value) || !value.some(isError)) return this.clonable(value)
    return value.map((one) => this.nested(one, depth))
  }

  /** What of a value survives: all of it, or (of an object) the fields that do. */
  private clonable(value: unknown): unknown {
    try {
      return this.clone(value)
    } catch {
      if (typeof value !== "object" || value === null) return text(() => value)
      const kept: Record<string, unknown> = {}
      for (const key of Object.keys(value)) {
        try {
          define(kept, key, this.clone((value as Record<string, unknown>)[key]))
        } catch {
          // This field does not survive: the others do.
        }
      }
      return kept
    }
  }
}

/** Also where the key is `__proto__`. */
const define = (object: object, key: string, value: unknown): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
