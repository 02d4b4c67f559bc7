/**
 * Errors as data, so that class name, message, stack, cause and own fields survive a structured clone. The worker
 * describes; the pool rebuilds a `CallError`. No import of Effect.
 */
import type { Fault } from "./protocol.ts"

/** Causes are followed this deep; a longer chain is cut, and a cycle with it. */
const depthMost = 8

/** What of a value survives a structured clone: all of it, or (of an object) the fields that do. */
const clonable = (value: unknown): unknown => {
  try {
    return structuredClone(value)
  } catch {
    if (typeof value !== "object" || value === null) return String(value)
    const kept: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      try {
        kept[key] = structuredClone((value as Record<string, unknown>)[key])
      } catch {
        // This field does not survive: the others do.
      }
    }
    return kept
  }
}

const ownFields = (error: Error): Record<string, unknown> | undefined => {
  const fields: Record<string, unknown> = {}
  let any = false
  for (const key of Object.keys(error)) {
    if (key === "stack" || key === "message" || key === "name" || key === "cause") continue
    fields[key] = (error as unknown as Record<string, unknown>)[key]
    any = true
  }
  return any ? (clonable(fields) as Record<string, unknown>) : undefined
}

const text = (read: () => unknown): string => {
  try {
    return String(read())
  } catch {
    return "(it cannot be shown)"
  }
}

/** Describes whatever was thrown. Never throws. */
export const describe = (thrown: unknown, depth = 0): Fault => {
  if (!(thrown instanceof Error)) {
    return { name: thrown === null ? "null" : typeof thrown, message: text(() => thrown), fields: clonable(thrown) }
  }
  const name = text(() => thrown.name)
  const className = name === "Error" ? text(() => thrown.constructor?.name ?? name) : name
  const fault: { -readonly [K in keyof Fault]: Fault[K] } = { name: className, message: text(() => thrown.message) }
  if (typeof thrown.stack === "string") fault.stack = thrown.stack
  const fields = ownFields(thrown)
  if (fields !== undefined) fault.fields = fields
  if (thrown.cause !== undefined && depth < depthMost) {
    fault.cause = thrown.cause instanceof Error ? describe(thrown.cause, depth + 1) : clonable(thrown.cause)
  }
  return fault
}
