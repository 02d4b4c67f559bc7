/**
 * Zone files (RFC 1035 5, RFC 2308 4 for `$TTL`, BIND's `$GENERATE`): text to records and back.
 *
 * Nothing here opens a file: `$INCLUDE` is refused unless the caller gives a function that knows the files
 * (`@handoff/dns/wire/include` has one that is confined to a folder).
 */
import * as Class from "./Class.ts"
import type { Style } from "./Field.ts"
import { parseSeconds } from "./fields/numbers.ts"
import { generatedCharacters } from "./limits.ts"
import * as Name from "./Name.ts"
import * as RecordText from "./RecordText.ts"
import type { ResourceRecord } from "./ResourceRecord.ts"
import { Scanner } from "./Scanner.ts"
import { TextError } from "./TextError.ts"
import { TokenError, Tokens } from "./Tokens.ts"

/** The origin, the TTL where none is given, and what may be included. */
export interface Options {
  /** What `@` and relative names mean until the first `$ORIGIN`: the root unless given. */
  readonly origin?: Name.Name
  /** Seconds, for records before any TTL; without it, and without `$TTL` or a TTL before, a record is an error. */
  readonly ttl?: number
  readonly class?: Class.Class
  /** What errors call the text. */
  readonly file?: string
  /** Gives the text of an `$INCLUDE`d file, or throws; `$INCLUDE` is an error when not given. */
  readonly include?: (path: string) => string
  /** Files within files, 8 unless told: a file that includes itself ends there. */
  readonly maxIncludeDepth?: number
  /** Records one `$GENERATE` may make, 65,536 unless told. */
  readonly maxGenerated?: number
}

/** All records of a zone file, or the first error in it. */
export const parse = (text: string, options?: Options): ReadonlyArray<ResourceRecord> | TextError => {
  try {
    return [...records(text, options)]
  } catch (error) {
    if (error instanceof TextError) return error
    throw error
  }
}

/** The records one after the other, none kept; throws the `TextError` where it is met. */
export const records = function* (text: string, options: Options = {}): Generator<ResourceRecord, void> {
  const state: State = {
    options,
    origin: options.origin ?? Name.root,
    owner: undefined,
    ttl: options.ttl,
    fixedTtl: false,
    class: options.class === undefined ? Class.IN : (Class.codeOf(options.class) ?? Class.IN)
  }
  yield* read(new Scanner(text, options.file), state, 0)
}

interface State {
  readonly options: Options
  origin: Name.Name
  owner: Name.Name | undefined
  /** That of `$TTL`, else that of the record before. */
  ttl: number | undefined
  fixedTtl: boolean
  class: number
}

const read = function* (scanner: Scanner, state: State, depth: number): Generator<ResourceRecord, void> {
  const tokens = new Tokens()
  tokens.origin = state.origin
  for (;;) {
    let record: ResourceRecord | undefined
    try {
      if (!scanner.next(tokens)) return
      if (scanner.indented || tokens.quoted[0] || tokens.texts[0]!.charCodeAt(0) !== dollar) {
        record = readRecord(tokens, state, scanner.indented)
      } else {
        const directive = tokens.next("directive").toUpperCase()
        if (directive === "$INCLUDE") {
          yield* include(tokens, state, depth)
        } else if (directive === "$GENERATE") {
          yield* generate(tokens, state)
        } else readDirective(directive, tokens, state)
      }
    } catch (error) {
      throw error instanceof TokenError ? scanner.fromToken(error) : error
    }
    if (record !== undefined) yield record
  }
}

const dollar = 0x24

const readRecord = (tokens: Tokens, state: State, indented: boolean): ResourceRecord => {
  const owner = indented ? (state.owner ?? tokens.fail("no owner before this record")) : tokens.name("owner")
  state.owner = owner
  const head = RecordText.parseHead(tokens)
  // The class stated last holds for those that state none (RFC 1035 5.1).
  state.class = head.class ??= state.class
  const rdata = RecordText.parseData(tokens, head.type, head.class)
  if (tokens.left > 0) tokens.fail("more than the record has")
  let ttl = head.ttl ?? state.ttl
  // RFC 2308 4: the SOA may be what gives the TTL, when nothing did before.
  if (ttl === undefined && rdata.type === "SOA") ttl = (rdata.data as { readonly minimum: number }).minimum
  ttl ??= tokens.failBefore("no TTL, and none before")
  if (!state.fixedTtl) state.ttl = ttl
  return RecordText.makeRecord(owner, head, ttl, rdata)
}

const readDirective = (directive: string, tokens: Tokens, state: State): void => {
  if (directive === "$ORIGIN") {
    state.origin = tokens.name("origin")
    tokens.origin = state.origin
  } else if (directive === "$TTL") {
    const text = tokens.next("TTL")
    state.ttl = parseSeconds(text) ?? tokens.failBefore(`not a TTL: ${text}`)
    state.fixedTtl = true
  } else tokens.failBefore(`unknown directive ${directive}`)
  if (tokens.left > 0) tokens.fail(`more than ${directive} has`)
}

/** `$INCLUDE file [origin]`: origin and owner are as before afterwards (RFC 1035 5.1). */
const include = function* (tokens: Tokens, state: State, depth: number): Generator<ResourceRecord, void> {
  const path = tokens.next("file")
  const { include: open, maxIncludeDepth = 8 } = state.options
  if (open === undefined) tokens.failBefore("$INCLUDE is not allowed here")
  if (depth >= maxIncludeDepth) tokens.failBefore(`$INCLUDE deeper than ${maxIncludeDepth} files`)
  const { origin, owner } = state
  if (tokens.left > 0) state.origin = tokens.name("origin")
  if (tokens.left > 0) tokens.fail("more than $INCLUDE has")
  yield* read(new Scanner(textOf(tokens, open, path), path), state, depth + 1)
  state.origin = origin
  state.owner = owner
}

const textOf = (tokens: Tokens, open: (path: string) => string, path: string): string => {
  try {
    return open(path)
  } catch (error) {
    return tokens.fail(`cannot include ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `$GENERATE start-stop[/step] owner [ttl] [class] type rdata`, with `$` for the number. */
const generate = function* (tokens: Tokens, state: State): Generator<ResourceRecord, void> {
  const [start, stop, step] = parseRange(tokens)
  const { maxGenerated = 65_536 } = state.options
  const count = Math.floor((stop - start) / step) + 1
  if (count > maxGenerated) tokens.failBefore(`$GENERATE of ${count} records, over ${maxGenerated}`)
  const line = new Tokens()
  line.origin = state.origin
  let characters = 0
  for (let number = start; number <= stop; number += step) {
    line.clear()
    for (let i = tokens.index; i < tokens.texts.length; i++) {
      const text = substitute(tokens.texts[i]!, number) ?? failAt(tokens, i)
      characters += text.length
      if (characters > generatedCharacters) {
        tokens.failBefore(`$GENERATE of more than ${generatedCharacters} characters of text`)
      }
      line.texts.push(text)
      line.quoted.push(tokens.quoted[i]!)
      line.offsets.push(tokens.offsets[i]!)
    }
    yield readRecord(line, state, false)
  }
}

const parseRange = (tokens: Tokens): readonly [start: number, stop: number, step: number] => {
  const range = /^([0-9]{1,9})-([0-9]{1,9})(?:\/([0-9]{1,9}))?$/.exec(tokens.next("range"))
  if (range === null) return tokens.failBefore("not a range: start-stop[/step]")
  const [start, stop, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? 1)]
  return stop < start || step === 0 ? tokens.failBefore("range that does not end") : [start, stop, step]
}

const failAt = (tokens: Tokens, index: number): never => {
  tokens.index = index
  return tokens.fail("bad ${offset,width,base}")
}

/** Puts the number for `$` and `${offset,width,base}`; `\$` stays. Undefined for a bad modifier. */
const substitute = (template: string, number: number): string | undefined => {
  let bad = false
  const text = template.replaceAll(/\\.|\$\$|\$\{([^}]*)\}|\$/gs, (match, modifier: string | undefined) => {
    if (match.startsWith("\\")) return match
    if (match === "$$") return "\\$"
    if (modifier === undefined) return String(number)
    const parts = /^([-+]?[0-9]{1,9})(?:,([0-9]{1,3})(?:,([doxXnN]))?)?$/.exec(modifier)
    if (parts === null) {
      bad = true
      return ""
    }
    const value = number + Number(parts[1])
    const width = Number(parts[2] ?? 0)
    const base = parts[3] ?? "d"
    if (value < 0) bad = true
    if (base === "n" || base === "N") return nibbles(value, width, base)
    const digits = value.toString(base === "d" ? 10 : base === "o" ? 8 : 16)
    return (base === "X" ? digits.toUpperCase() : digits).padStart(width, "0")
  })
  return bad ? undefined : text
}

/** Hex digits from the lowest on with dots between, as `ip6.arpa` has them; `width` counts digits and dots. */
const nibbles = (value: number, width: number, base: "n" | "N"): string => {
  const digits = value.toString(16).split("").toReversed()
  while (2 * digits.length - 1 < width) digits.push("0")
  const text = digits.join(".")
  return base === "N" ? text.toUpperCase() : text
}

/** Records as a zone file, one line each; with an origin, names below it are relative. */
export const print = (zone: Iterable<ResourceRecord>, options: { readonly origin?: Name.Name } = {}): string => {
  const { origin } = options
  const style: Style = { origin, grouped: false }
  const lines: Array<string> = origin === undefined ? [] : [`$ORIGIN ${Name.toText(origin)}`]
  for (const record of zone) lines.push(RecordText.print(record, style))
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`
}
