/**
 * Service parameters of SVCB and HTTPS (RFC 9460 2), in the order of their keys.
 *
 * A list that breaks the rules of RFC 9460 2.2 and 8 (keys not ascending, a value of the wrong form, a mandatory key that
 * is missing) is refused as a whole, as the RFC says.
 */
import { DecodeError, fail } from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import { Reader } from "../Reader.ts"
import type { Tokens } from "../Tokens.ts"
import type { Writer } from "../Writer.ts"
import { ipv4, ipv6 } from "./addresses.ts"
import { fromBase64, toBase64 } from "./blobs.ts"
import { fromLatin1, quote, toLatin1, unescapeText } from "../CharacterString.ts"

/** A parameter of a SVCB or HTTPS record (RFC 9460 section 7). */
export type SvcParam =
  | { readonly key: "mandatory"; readonly value: ReadonlyArray<string> }
  /** Protocol identifiers, one character per octet. */
  | { readonly key: "alpn"; readonly value: ReadonlyArray<string> }
  | { readonly key: "no-default-alpn" }
  | { readonly key: "port"; readonly value: number }
  | { readonly key: "ipv4hint"; readonly value: ReadonlyArray<string> }
  /** An ECHConfigList (RFC 9848). */
  | { readonly key: "ech"; readonly value: Uint8Array }
  | { readonly key: "ipv6hint"; readonly value: ReadonlyArray<string> }
  /** URI template, one character per octet (RFC 9461 5). */
  | { readonly key: "dohpath"; readonly value: string }
  | { readonly key: "ohttp" }
  /** Numbers of TLS groups (draft-ietf-tls-key-share-prediction). */
  | { readonly key: "tls-supported-groups"; readonly value: ReadonlyArray<number> }
  | { readonly key: `key${number}`; readonly value: Uint8Array }

/** How the value of one key goes to octets and text. `print` gives what comes after `=`; undefined for no value. */
interface Param {
  readonly key: string
  /** Whether the key stands alone, without a value. */
  readonly alone: boolean
  readonly read: (reader: Reader) => unknown
  /** As `read`, without making the value; `read` unless given. */
  readonly check?: (reader: Reader) => void
  readonly write: (writer: Writer, value: never) => void
  /** From the octets of the text after `=`; undefined when it is not what it should be. */
  readonly parse: (octets: Uint8Array) => unknown
  readonly print: (value: never) => string | undefined
}

const nonEmpty = (reader: Reader): void => {
  if (reader.offset === reader.end) fail("value", reader.offset, "service parameter without a value")
}

const listOf = <A>(reader: Reader, readOne: (reader: Reader) => A): ReadonlyArray<A> => {
  nonEmpty(reader)
  const list: Array<A> = []
  while (reader.offset < reader.end) list.push(readOne(reader))
  return list
}

/** As `listOf`, without the list. */
const skipListOf = (reader: Reader, skipOne: (reader: Reader) => void): void => {
  nonEmpty(reader)
  while (reader.offset < reader.end) skipOne(reader)
}

const param = <A>(options: {
  readonly key: string
  readonly read: (reader: Reader) => A
  readonly check?: (reader: Reader) => void
  readonly write: (writer: Writer, value: A) => void
  readonly parse: (octets: Uint8Array) => A | undefined
  readonly print: (value: A) => string | undefined
}): Param => ({ ...options, alone: false })

const flag = (key: string): Param => ({
  key,
  alone: true,
  read: () => undefined,
  write: () => undefined,
  parse: () => undefined,
  print: () => undefined
})

const split = (octets: Uint8Array): ReadonlyArray<string> => fromLatin1(octets).split(",")

const numbers = (texts: ReadonlyArray<string>): ReadonlyArray<number> | undefined =>
  texts.every((text) => /^[0-9]{1,5}$/.test(text) && Number(text) <= 0xffff) ? texts.map(Number) : undefined

const addresses = (key: string, field: Field<string>, pattern: RegExp): Param =>
  param<ReadonlyArray<string>>({
    key,
    read: (reader) => listOf(reader, () => field.read(reader)),
    check: (reader) => skipListOf(reader, () => field.check(reader)),
    write: (writer, value) => {
      for (const address of value) field.write(writer, address)
    },
    parse: (octets) => {
      const texts = split(octets)
      return texts.every((text) => pattern.test(text)) ? texts : undefined
    },
    print: (value) => value.join(",")
  })

const skipIdentifier = (reader: Reader): void => {
  const length = reader.u8()
  if (length === 0) fail("value", reader.offset - 1, "empty protocol identifier")
  reader.skip(length)
}

/** By number, from 0. */
const params: ReadonlyArray<Param> = [
  param<ReadonlyArray<string>>({
    key: "mandatory",
    read: (reader) => {
      let last = 0
      return listOf(reader, () => keyOf((last = readMandatory(reader, last))))
    },
    write: (writer, value) => {
      const codes = value.map((key) => codeOf(key) ?? EncodeError.fail(`unknown service parameter ${key}`))
      for (const code of codes.toSorted((a, b) => a - b)) writer.u16(code)
    },
    parse: (octets) => {
      const codes = split(octets).map((key) => codeOf(key) ?? 0)
      const sorted = codes.toSorted((a, b) => a - b)
      return sorted[0] === 0 || new Set(codes).size !== codes.length ? undefined : sorted.map(keyOf)
    },
    print: (value) => value.join(",")
  }),
  param<ReadonlyArray<string>>({
    key: "alpn",
    read: (reader) =>
      listOf(reader, () => {
        const start = reader.offset + 1
        skipIdentifier(reader)
        return fromLatin1(reader.octets.subarray(start, reader.offset))
      }),
    check: (reader) => skipListOf(reader, skipIdentifier),
    write: (writer, value) => {
      for (const id of value) {
        if (id.length === 0 || id.length > 255) EncodeError.fail("a protocol identifier has 1 to 255 octets")
        writer.u8(id.length)
        writer.bytes(toLatin1(id))
      }
    },
    parse: (octets) => {
      const ids = [""]
      for (let i = 0; i < octets.length; i++) {
        if (octets[i] === 0x2c) ids.push("")
        else {
          if (octets[i] === 0x5c && i + 1 < octets.length) i++
          ids[ids.length - 1] += String.fromCharCode(octets[i]!)
        }
      }
      return ids.every((id) => id.length > 0 && id.length <= 255) ? ids : undefined
    },
    print: (value) => quote(toLatin1(value.map((id) => id.replaceAll(/[,\\]/g, String.raw`\$&`)).join(",")))
  }),
  flag("no-default-alpn"),
  param<number>({
    key: "port",
    read: (reader) => reader.u16(),
    write: (writer, value) => writer.u16(value),
    parse: (octets) => numbers([fromLatin1(octets)])?.[0],
    print: String
  }),
  addresses("ipv4hint", ipv4, /^[0-9.]+$/),
  param<Uint8Array>({
    key: "ech",
    read: (reader) => {
      nonEmpty(reader)
      return reader.rest()
    },
    write: (writer, value) => writer.bytes(value),
    parse: (octets) => fromBase64(fromLatin1(octets)),
    print: toBase64
  }),
  addresses("ipv6hint", ipv6, /^[0-9a-f:.]+$/i),
  param<string>({
    key: "dohpath",
    read: (reader) => {
      nonEmpty(reader)
      return fromLatin1(reader.rest())
    },
    write: (writer, value) => writer.bytes(toLatin1(value)),
    parse: fromLatin1,
    print: (value) => quote(toLatin1(value))
  }),
  flag("ohttp"),
  param<ReadonlyArray<number>>({
    key: "tls-supported-groups",
    read: (reader) => listOf(reader, () => reader.u16()),
    write: (writer, value) => {
      for (const group of value) writer.u16(group)
    },
    parse: (octets) => numbers(split(octets)),
    print: (value) => value.join(",")
  })
]

const codes = new Map(params.map(({ key }, code) => [key, code]))

const keyOf = (code: number): string => params[code]?.key ?? `key${code}`

/** The number of a key, or of `key123`; undefined when it is neither. */
const codeOf = (key: string): number | undefined => {
  const lower = key.toLowerCase()
  const known = codes.get(lower)
  if (known !== undefined) return known
  const code = /^key(0|[1-9][0-9]{0,4})$/.test(lower) ? Number(lower.slice(3)) : 0x10000
  return code <= 0xffff ? code : undefined
}

const makeParam = (code: number, value: unknown): SvcParam =>
  (value === undefined ? { key: keyOf(code) } : { key: keyOf(code), value }) as SvcParam

const readParam = (reader: Reader, code: number): SvcParam => {
  const known = params[code]
  return makeParam(code, known === undefined ? reader.rest() : known.read(reader))
}

/** What must hold of the whole list (RFC 9460 7.1.1 and 8); undefined when it does. */
const problem = (list: ReadonlyArray<SvcParam>): string | undefined => {
  const keys = new Set<string>(list.map((item) => item.key))
  if (keys.has("no-default-alpn") && !keys.has("alpn")) return "no-default-alpn without alpn"
  const mandatory = list[0]
  if (mandatory?.key !== "mandatory") return undefined
  const missing = mandatory.value.find((key) => !keys.has(key))
  return missing === undefined ? undefined : `mandatory parameter ${missing} is missing`
}

const read = (reader: Reader): ReadonlyArray<SvcParam> => {
  const end = reader.end
  const start = reader.offset
  const list: Array<SvcParam> = []
  let last = -1
  while (reader.offset < end) {
    const at = reader.offset
    const code = reader.u16()
    if (code <= last) fail("value", at, "service parameters not ascending")
    last = code
    const length = reader.u16()
    const value = reader.skip(length)
    reader.offset = value
    reader.end = value + length
    list.push(readParam(reader, code))
    if (reader.offset !== reader.end) fail("value", reader.offset, `octets after the value of ${keyOf(code)}`)
    reader.end = end
  }
  const wrong = problem(list)
  return wrong === undefined ? list : fail("value", start, wrong)
}

/**
 * What `read` checks, without making the list: a message may have 10,000 parameters. Known keys are read one by one, since
 * each can be there once; those of `mandatory` are looked for in one more walk, both being ascending.
 */
const check = (reader: Reader): void => {
  const { end, octets, offset: start } = reader
  let last = -1
  let alpn = false
  let alone = false
  while (reader.offset < end) {
    const at = reader.offset
    const code = reader.u16()
    if (code <= last) fail("value", at, "service parameters not ascending")
    last = code
    const length = reader.u16()
    const value = reader.skip(length)
    if (code === 1) alpn = true
    if (code === 2) alone = true
    const known = params[code]
    if (known === undefined) continue
    reader.offset = value
    reader.end = value + length
    if (code === 0) skipMandatory(reader)
    else if (known.check === undefined) known.read(reader)
    else known.check(reader)
    if (reader.offset !== reader.end) fail("value", reader.offset, `octets after the value of ${keyOf(code)}`)
    reader.end = end
  }
  if (alone && !alpn) fail("value", start, "no-default-alpn without alpn")
  if (start < end && octets[start] === 0 && octets[start + 1] === 0) checkMandatory(octets, start, end)
}

const skipMandatory = (reader: Reader): void => {
  nonEmpty(reader)
  let last = 0
  while (reader.offset < reader.end) last = readMandatory(reader, last)
}

const readMandatory = (reader: Reader, last: number): number => {
  const code = reader.u16()
  if (code <= last) fail("value", reader.offset - 2, "mandatory keys not ascending, or mandatory itself")
  return code
}

/** Whether every key of the `mandatory` at `start` is there. */
const checkMandatory = (octets: Uint8Array, start: number, end: number): void => {
  const u16 = (at: number): number => (octets[at]! << 8) | octets[at + 1]!
  const listEnd = start + 4 + u16(start + 2)
  let at = listEnd
  for (let item = start + 4; item < listEnd; item += 2) {
    const wanted = u16(item)
    while (at < end && u16(at) < wanted) at += 4 + u16(at + 2)
    if (at >= end || u16(at) !== wanted) fail("value", item, `mandatory parameter ${keyOf(wanted)} is missing`)
  }
}

const parseParam = (tokens: Tokens): SvcParam => {
  const text = tokens.next("service parameter")
  const equals = text.indexOf("=")
  const key = equals < 0 ? text : text.slice(0, equals)
  const code = codeOf(key)
  if (code === undefined) return tokens.failBefore(`unknown service parameter ${key}`)
  const raw = equals < 0 ? "" : text.slice(equals + 1)
  const octets = unescapeText(raw.startsWith('"') ? raw.slice(1, -1) : raw) ?? tokens.failBefore("bad escape")
  if (octets.length > 0xffff) return tokens.failBefore("service parameter over 65535 octets")
  const known = params[code]
  if (known === undefined) return makeParam(code, octets)
  if (/^key/i.test(key)) return parseGeneric(tokens, octets, code)
  if (known.alone) return octets.length === 0 ? makeParam(code, undefined) : tokens.failBefore(`${key} has no value`)
  const value = octets.length === 0 ? undefined : known.parse(octets)
  return value === undefined ? tokens.failBefore(`bad value of ${key}`) : makeParam(code, value)
}

/** `key3="\000\053"`: the octets of a known key. */
const parseGeneric = (tokens: Tokens, octets: Uint8Array, code: number): SvcParam => {
  try {
    const reader = new Reader(octets)
    const value = readParam(reader, code)
    return reader.offset === reader.end ? value : tokens.failBefore(`bad value of ${keyOf(code)}`)
  } catch (error) {
    if (error instanceof DecodeError) return tokens.failBefore(error.message)
    throw error
  }
}

/** The parameters, ascending by key. */
export const svcParams: Field<ReadonlyArray<SvcParam>> = make<ReadonlyArray<SvcParam>>("json", {
  read,
  check,
  write: (writer, value) => {
    const coded = value.map(
      (item) => [codeOf(item.key) ?? EncodeError.fail(`unknown service parameter ${item.key}`), item] as const
    )
    for (const [code, item] of coded.toSorted((a, b) => a[0] - b[0])) {
      writer.u16(code)
      const start = writer.open()
      const known = params[code]
      if (known === undefined) writer.bytes((item as { readonly value: Uint8Array }).value)
      else known.write(writer, (item as { readonly value?: unknown }).value as never)
      writer.close(start)
    }
  },
  parse: (tokens) => {
    const list: Array<SvcParam> = []
    while (tokens.left > 0) list.push(parseParam(tokens))
    const sorted = list.toSorted((a, b) => codeOf(a.key)! - codeOf(b.key)!)
    const twice = sorted.find((item, i) => item.key === sorted[i + 1]?.key)
    if (twice !== undefined) return tokens.failBefore(`service parameter ${twice.key} twice`)
    const wrong = problem(sorted)
    return wrong === undefined ? sorted : tokens.failBefore(wrong)
  },
  print: (value) =>
    value
      .map((item) => {
        const known = params[codeOf(item.key) ?? 0x10000]
        const content = (item as { readonly value?: unknown }).value
        if (known === undefined) {
          const octets = content as Uint8Array
          return octets.length === 0 ? item.key : `${item.key}=${quote(octets)}`
        }
        const text = known.print(content as never)
        return text === undefined ? item.key : `${item.key}=${text}`
      })
      .join(" ")
})
