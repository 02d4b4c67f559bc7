/** Records in presentation format (RFC 1035 5.1, RFC 3597 5): the part after the owner is the same in every place. */
import * as Class from "./Class.ts"
import { DecodeError } from "./DecodeError.ts"
import type { Style } from "./Field.ts"
import { generic } from "./fields/blobs.ts"
import { parseSeconds } from "./fields/numbers.ts"
import * as Name from "./Name.ts"
import { Reader } from "./Reader.ts"
import * as RecordTypes from "./RecordTypes.ts"
import { codecOf, type Generic, type ResourceRecord } from "./ResourceRecord.ts"
import { Scanner } from "./Scanner.ts"
import * as Type from "./Type.ts"
import { TokenError, Tokens } from "./Tokens.ts"

/** A name from its text, relative to an origin. */
export const absolute: Style = { origin: undefined, grouped: false }

/** The rdata alone. */
export const printData = (record: ResourceRecord, style: Style = absolute): string => {
  const codec = RecordTypes.byName(record.type)
  return codec === undefined ? generic.print((record as Generic).data.octets, style) : codec.print(record.data, style)
}

/** `owner TTL class type rdata`, with single spaces. Names are absolute, or relative to `style.origin`. */
export const print = (record: ResourceRecord, style: Style = absolute): string => {
  const owner = style.origin === undefined ? Name.toText(record.name) : Name.toTextRelative(record.name, style.origin)
  const data = printData(record, style)
  return `${owner} ${record.ttl} ${record.class} ${record.type}${data === "" ? "" : ` ${data}`}`
}

/** The rdata as `\# n hex`, which any implementation reads. */
export const printGeneric = (octets: Uint8Array): string => generic.print(octets, absolute)

/** What may stand before the type: TTL and class, in either order. */
export interface Head {
  ttl: number | undefined
  class: number | undefined
  type: number
}

/** @internal Takes `[ttl] [class] type` or `[class] [ttl] type`. Throws `TokenError`. */
export const parseHead = (tokens: Tokens): Head => {
  const head: Head = { ttl: undefined, class: undefined, type: 0 }
  for (;;) {
    const text = tokens.next("record type")
    const digit = text.charCodeAt(0)
    if (head.ttl === undefined && digit >= 0x30 && digit <= 0x39) {
      head.ttl = parseSeconds(text) ?? tokens.failBefore(`not a TTL: ${text}`)
      continue
    }
    if (head.class === undefined) {
      head.class = Class.codeOf(text)
      // ANY is a class and a type; as neither it stands in a zone, but records of an UPDATE have the class.
      if (head.class !== undefined) continue
    }
    head.type = Type.codeOf(text) ?? tokens.failBefore(`unknown type ${text}`)
    return head
  }
}

/** @internal Takes the rdata of a type: its own form, or the generic one. Throws `TokenError`. */
export const parseData = (tokens: Tokens, type: number, cls: number): Pick<ResourceRecord, "type" | "data"> => {
  const codec = codecOf(type, cls)
  if (tokens.peek() !== "\\#" || tokens.quoted[tokens.index]) {
    if (codec === undefined) return tokens.fail(`${Type.nameOf(type)} needs the generic form: \\# length hex`)
    return { type: codec.name, data: codec.parse(tokens) } as Pick<ResourceRecord, "type" | "data">
  }
  const octets = generic.parse(tokens)
  if (codec === undefined || (octets.length === 0 && (cls === Class.ANY || cls === Class.NONE))) {
    return { type: `TYPE${type}`, data: { octets } }
  }
  try {
    // Rdata in text stands in no message: a pointer has nothing to point to.
    const reader = new Reader(octets)
    codec.check(reader)
    return { type: codec.name, data: codec.read(new Reader(octets)) } as Pick<ResourceRecord, "type" | "data">
  } catch (error) {
    if (error instanceof DecodeError) return tokens.failBefore(error.message)
    throw error
  }
}

/** The origin of relative names, and the class and TTL where none is given. */
export interface ParseOptions {
  /** Completes relative names; the root unless given. */
  readonly origin?: Name.Name
  /** Seconds, for a record that has no TTL; such a record is an error when not given. */
  readonly ttl?: number
}

/** One record as text. Throws `TextError`. */
export const parse = (text: string, options: ParseOptions = {}): ResourceRecord =>
  parseOne(text, options.origin, (tokens) => {
    const name = tokens.name("owner")
    const head = parseHead(tokens)
    const ttl = head.ttl ?? options.ttl ?? tokens.fail("no TTL")
    return makeRecord(name, head, ttl, parseData(tokens, head.type, head.class ?? Class.IN))
  })

/** The rdata of a type as text. Throws `TextError`. */
export const parseDataText = (
  type: RecordTypes.KnownType | `TYPE${number}`,
  text: string,
  options: { readonly origin?: Name.Name; readonly class?: Class.Class } = {}
): Pick<ResourceRecord, "type" | "data"> =>
  parseOne(text, options.origin, (tokens) =>
    parseData(
      tokens,
      Type.codeOf(type) ?? tokens.fail(`unknown type ${type}`),
      Class.codeOf(options.class ?? "IN") ?? Class.IN
    )
  )

/** @internal */
export const makeRecord = (
  name: Name.Name,
  head: Head,
  ttl: number,
  rdata: Pick<ResourceRecord, "type" | "data">
): ResourceRecord =>
  ({
    name,
    type: rdata.type,
    class: head.class === undefined ? "IN" : Class.nameOf(head.class),
    ttl,
    data: rdata.data
  }) as ResourceRecord

const parseOne = <A>(text: string, origin: Name.Name | undefined, parser: (tokens: Tokens) => A): A => {
  const scanner = new Scanner(text)
  const tokens = new Tokens()
  if (origin !== undefined) tokens.origin = origin
  scanner.next(tokens)
  try {
    const value = parser(tokens)
    if (tokens.left > 0) tokens.fail("more than the record has")
    if (scanner.next(tokens)) throw scanner.error("a second entry", tokens.offsets[0]!)
    return value
  } catch (error) {
    if (error instanceof TokenError) throw scanner.fromToken(error)
    throw error
  }
}
