/**
 * The trace of a task, as the text that crosses a thread or a machine: a `traceparent` (W3C Trace Context, section 3.2).
 * A strategy sends `header(context)` along with a task and makes `span(header)` the parent of what happens over there.
 */
import type * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"

/** The `traceparent` of the span that a caller's context stands in; undefined if it stands in none. */
export const header = (context: Context.Context<never> | undefined): string | undefined => {
  const parent = context?.mapUnsafe.get(Tracer.ParentSpanKey) as Tracer.AnySpan | undefined
  return parent === undefined
    ? undefined
    : `00-${parent.traceId.padStart(32, "0")}-${parent.spanId.padStart(16, "0")}-${parent.sampled ? "01" : "00"}`
}

const shape = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/

/** The span that a `traceparent` names, to be used as a parent; undefined if the text is none. */
export const span = (header: string | undefined): Tracer.ExternalSpan | undefined => {
  const match = header === undefined ? null : shape.exec(header)
  if (match === null) return undefined
  const [, traceId, spanId, flags] = match as unknown as readonly [string, string, string, string]
  return Tracer.externalSpan({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 })
}
