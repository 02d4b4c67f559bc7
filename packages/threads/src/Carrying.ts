/** What of the caller's context travels with a call: its span, its log annotations, and references declared portable. */
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Carry } from "./protocol.ts"

/** References whose value survives a structured clone, to be read in the worker by their key. */
export type Portable = ReadonlyArray<Context.Reference<any>>

/** Undefined if there is nothing to carry, which is the usual case and costs two look-ups. */
export const pack = (context: Context.Context<never> | undefined, portable: Portable): Carry | undefined => {
  if (context === undefined) return undefined
  const span = Context.getOrUndefined(context as Context.Context<any>, Tracer.ParentSpan)
  const annotations = Context.getOrUndefined(context as Context.Context<any>, References.CurrentLogAnnotations)
  let carry: { -readonly [K in keyof Carry]: Carry[K] } | undefined
  if (span !== undefined) {
    carry = { trace: { traceId: span.traceId, spanId: span.spanId, sampled: span.sampled } }
  }
  if (annotations !== undefined && Object.keys(annotations).length > 0) {
    carry ??= {}
    carry.annotations = annotations
  }
  for (const reference of portable) {
    const value = Context.getOrUndefined(context as Context.Context<any>, reference)
    if (value === undefined) continue
    carry ??= {}
    carry.refs = { ...carry.refs, [reference.key]: value }
  }
  return carry
}
