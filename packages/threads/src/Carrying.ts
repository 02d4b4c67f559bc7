/** What of the caller's context travels with a call: its span, its log annotations, and references declared portable. */
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Clone } from "./Fault.ts"
import type { Carry } from "./protocol.ts"

/** References to be read in the worker by their key. */
export type Portable = ReadonlyArray<Context.Reference<any>>

/**
 * Undefined if there is nothing to carry, which is the usual case and costs two look-ups. A value that does not survive
 * the way, which `clone` says by throwing, is left out: a call must not fail of what it never asked for.
 */
export const pack = (
  context: Context.Context<never> | undefined,
  portable: Portable,
  clone: Clone
): Carry | undefined => {
  if (context === undefined) return undefined
  const span = Context.getOrUndefined(context as Context.Context<any>, Tracer.ParentSpan)
  const given = Context.getOrUndefined(context as Context.Context<any>, References.CurrentLogAnnotations)
  let carry: { -readonly [K in keyof Carry]: Carry[K] } | undefined
  if (span !== undefined) {
    carry = { trace: { traceId: span.traceId, spanId: span.spanId, sampled: span.sampled } }
  }
  const annotations = given && survivors(Object.entries(given), clone)
  if (annotations !== undefined) {
    carry ??= {}
    carry.annotations = annotations
  }
  if (portable.length === 0) return carry
  const values = portable.map((one) => [one.key, Context.getOrUndefined(context as Context.Context<any>, one)] as const)
  const refs = survivors(values, clone)
  if (refs !== undefined) {
    carry ??= {}
    carry.refs = refs
  }
  return carry
}

const survivors = (
  entries: ReadonlyArray<readonly [string, unknown]>,
  clone: Clone
): Record<string, unknown> | undefined => {
  let kept: Record<string, unknown> | undefined
  for (const [key, value] of entries) {
    if (value === undefined || !isSurvivor(value, clone)) continue
    kept ??= {}
    kept[key] = value
  }
  return kept
}

const isSurvivor = (value: unknown, clone: Clone): boolean => {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol"
  try {
    clone(value)
    return true
  } catch {
    return false
  }
}
