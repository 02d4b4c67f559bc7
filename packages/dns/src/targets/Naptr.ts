/** Rewriting by NAPTR records: the Dynamic Delegation Discovery System (RFC 3401 to 3404), as ENUM and SIP use it. */
import { LookupError } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Shape } from "../Dns.ts"
import * as limits from "../limits.ts"
import * as Name from "../wire/Name.ts"

/** One NAPTR record, read. */
export interface Rule {
  readonly order: number
  readonly preference: number
  /** `U`: the result is a URI; `S`: ask for SRV next; `A`: for addresses; `P`: by the service's protocol; empty: NAPTR again. */
  readonly flags: string
  readonly service: string
  readonly regexp: string
  /** With its final dot; `.` when the regexp gives the result. */
  readonly replacement: string
}

/** Where the rules lead: a URI, or a name of which to ask more. */
export interface Outcome {
  readonly rule: Rule
  /** The URI, or the name to ask for next. */
  readonly result: string
}

/** Rules in the order of RFC 3403 section 4.1: by order, then by preference. */
export const order = (rules: ReadonlyArray<Rule>): ReadonlyArray<Rule> =>
  rules.toSorted((a, b) => a.order - b.order || a.preference - b.preference)

/**
 * What a rule makes of a string: the replacement, or the regexp's substitution (RFC 3402 section 3.2). Undefined when it
 * does not match, or is none. The extended regular expression is read as JavaScript's, which takes what ENUM and SIP
 * write; one over 255 octets cannot come over the wire.
 */
export const apply = (rule: Rule, subject: string): string | undefined => {
  if (rule.regexp === "") return rule.replacement === "." ? undefined : rule.replacement
  const delimiter = rule.regexp[0]!
  // A delimiter inside is escaped with a backslash.
  const parts = split(rule.regexp.slice(1), delimiter)
  if (parts.length !== 3 || !/^i?$/.test(parts[2]!) || /[\\\d]/.test(delimiter)) return undefined
  const [pattern, substitution, flag] = parts as [string, string, string]
  if (mostWays(pattern, subject) > limits.naptrWays) return undefined
  let found: RegExpExecArray | null
  try {
    found = new RegExp(pattern, flag).exec(subject)
  } catch {
    return undefined
  }
  if (found === null) return undefined
  const groups = found
  return substitution.replaceAll(/\\(\d|.)/g, (_, which: string) =>
    /\d/.test(which) ? (groups[Number(which)] ?? "") : which
  )
}

/**
 * How many ways of matching a backtracking machine can have to go through, at most, since the pattern comes from whoever
 * answers: each repetition may take up any part of the subject, each `|` goes two ways. A group that repeats may double them
 * with each character; no honest rule has one.
 */
const mostWays = (pattern: string, subject: string): number => {
  // What is escaped or in brackets is one character, whatever it looks like.
  const bare = pattern.replaceAll(/\\[^]|\[(?:\\[^]|[^\]\\])*\]/g, "x")
  if (/\)[*+?{]/.test(bare)) return Infinity
  const count = (marks: RegExp): number => bare.match(marks)?.length ?? 0
  return (subject.length + 1) ** (1 + count(/[*+?{]/g)) * 2 ** count(/\|/g)
}

const split = (text: string, delimiter: string): ReadonlyArray<string> => {
  const parts = [""]
  for (let i = 0; i < text.length; i++) {
    const at = parts.length - 1
    if (text[i] === "\\" && text[i + 1] === delimiter) parts[at] += text[++i]!
    else if (text[i] === "\\") parts[at] += text[i]! + (text[++i] ?? "")
    else if (text[i] === delimiter) parts.push("")
    else parts[at] += text[i]!
  }
  return parts
}

/** Rewritings after one another before it is called a loop. */
const rewritings = 8

/**
 * Follows the rules at `name` for a service (`E2U+sip`, in any case; a prefix such as `E2U` takes them all) until a rule
 * with a flag ends it. `subject` is the string that regexps are applied to: for ENUM the number, `+4930123456`.
 */
export const resolve = (
  dns: Shape,
  options: { readonly name: string; readonly subject: string; readonly service?: string }
): Effect.Effect<Outcome, LookupError> =>
  Effect.gen(function* () {
    let { name } = options
    for (let i = 0; i < rewritings; i++) {
      const records = yield* dns.records(name, "NAPTR")
      const rules = order(
        records.map(({ data }) => ({
          order: data.order,
          preference: data.preference,
          flags: data.flags.toUpperCase(),
          service: data.service,
          regexp: data.regexp,
          replacement: Name.toText(data.replacement)
        }))
      )
      const outcome = firstOf(rules, options.subject, options.service)
      if (outcome === undefined) {
        return yield* new LookupError({ name, reason: "NotFound", code: "NODATA", detail: "no NAPTR rule applies" })
      }
      if (outcome.rule.flags !== "") return outcome
      name = outcome.result
    }
    return yield* new LookupError({ name, reason: "InvalidResponse", code: "LOOP", detail: "NAPTR rules lead nowhere" })
  })

const firstOf = (rules: ReadonlyArray<Rule>, subject: string, service: string | undefined): Outcome | undefined => {
  const wanted = service?.toLowerCase()
  for (const rule of rules.slice(0, limits.naptrRules)) {
    const offered = rule.service.toLowerCase()
    // A rule without a flag leads on to others, whatever its service.
    const fits = wanted === undefined || rule.flags === "" || offered === wanted || offered.startsWith(`${wanted}+`)
    const result = fits ? apply(rule, subject) : undefined
    if (result !== undefined) return { rule, result }
  }
  return undefined
}
