/**
 * What a member of a cluster says on stderr while it runs, a line for each thing: the words of `@handoff/cluster`, and the
 * engine's warnings where they tell more than those. The engine says of a database that is away what each of its loops
 * finds, with stack traces, as long as it lasts; `--log-level debug` has all of it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Terminal from "../output/Terminal.ts"

/** What is logged, as far as it matters here. */
export interface Entry {
  readonly message: unknown
  readonly logLevel: LogLevel.LogLevel
  readonly cause: Cause.Cause<unknown>
  readonly annotations: Readonly<Record<string, unknown>>
}

/** The line for it; undefined: it tells nothing that is not told already. */
export const lineOf = ({ annotations, cause, logLevel, message }: Entry): string | undefined => {
  const words = (Array.isArray(message) ? message : [message]).join(" ")
  const causes = cause.reasons.length === 0 ? [] : chain(Cause.squash(cause))
  // What the engine says without a cause is how it goes about its work: "No healthy runners" when the last one ends.
  const isTelling = LogLevel.isGreaterThanOrEqualTo(logLevel, "Warn") && causes.length > 0 && !causes.some(isAway)
  if (!isOurs(annotations) && !isTelling) return undefined
  const innermost = causes.findLast((one) => typeof one["message"] === "string" && one["message"] !== "")
  return innermost === undefined ? words : `${words}: ${String(innermost["message"])}`
}

const isOurs = (annotations: Entry["annotations"]): boolean => annotations["package"] === "@handoff/cluster"

/** An error and its causes, the innermost last. */
const chain = (error: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  const found: Array<Readonly<Record<string, unknown>>> = []
  for (let one = error; typeof one === "object" && one !== null && found.length < 8; one = found.at(-1)!["cause"]) {
    found.push(one as Readonly<Record<string, unknown>>)
  }
  return found
}

/** Nobody answers, or the server is about to end or to start (PostgreSQL's codes of class 57P). */
const isAway = ({ _tag, code }: Readonly<Record<string, unknown>>): boolean =>
  _tag === "TimeoutError" || _tag === "ConnectionError" || (typeof code === "string" && code.startsWith("57P"))

/** Writes lines with their time; the same words of the engine not again before a minute has passed. */
const make = (): Logger.Logger<unknown, void> => {
  const said = new Map<string, number>()
  const wasSaid = (line: string, now: number): boolean => {
    for (const [old, time] of said) if (now - time >= pauseMilliseconds) said.delete(old)
    if (said.has(line)) return true
    said.set(line, now)
    return false
  }
  return Logger.make((options) => {
    const { cause, date, fiber, logLevel, message } = options
    if (LogLevel.isLessThan(fiber.getRef(References.MinimumLogLevel), "Info")) return inFull.log(options)
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    const line = lineOf({ message, logLevel, cause, annotations })
    if (line === undefined || (!isOurs(annotations) && wasSaid(line, date.getTime()))) return
    Effect.runFork(Terminal.note(`handoff: ${date.toISOString().slice(0, 19)}Z ${line}`))
  })
}

const inFull = Logger.withConsoleError(Logger.formatLogFmt)

const pauseMilliseconds = 60_000

export const layer: Layer.Layer<never> = Layer.unwrap(Effect.sync(() => Logger.layer([make()])))
