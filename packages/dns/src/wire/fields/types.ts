/** Record types as values: one, or the set that a name has (NSEC). In JavaScript their mnemonics. */
import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import type { Reader } from "../Reader.ts"
import type { Tokens } from "../Tokens.ts"
import * as Type from "../Type.ts"
import type { Writer } from "../Writer.ts"

/** One type, in 16 bits. */
export const type: Field<string> = make("text", {
  read: (reader) => Type.nameOf(reader.u16()),
  check: (reader) => void reader.skip(2),
  write: (writer, value) => writer.u16(codeOf(value)),
  parse: (tokens) => parseType(tokens),
  print: (value) => value
})

const codeOf = (name: string): number => Type.codeOf(name) ?? EncodeError.fail(`unknown type ${name}`)

const parseType = (tokens: Tokens): string => {
  const text = tokens.next("type")
  const code = Type.codeOf(text)
  return code === undefined ? tokens.failBefore(`unknown type ${text}`) : Type.nameOf(code)
}

/** The codes in order, each once. */
const sortedCodes = (names: ReadonlyArray<string>): ReadonlyArray<number> =>
  [...new Set(names.map(codeOf))].toSorted((a, b) => a - b)

const parseTypes = (tokens: Tokens): ReadonlyArray<string> => {
  const names: Array<string> = []
  while (tokens.left > 0) names.push(parseType(tokens))
  return sortedCodes(names).map(Type.nameOf)
}

const pushBits = (names: Array<string>, octets: Uint8Array, start: number, length: number, first: number): void => {
  for (let i = 0; i < length; i++) {
    const octet = octets[start + i]!
    if (octet === 0) continue
    for (let bit = 0; bit < 8; bit++) if (octet & (0x80 >> bit)) names.push(Type.nameOf(first + 8 * i + bit))
  }
}

/** Moves over one window block; returns its number. */
const skipWindow = (reader: Reader, last: number): number => {
  const at = reader.offset
  const window = reader.u8()
  if (window <= last) DecodeError.fail("value", at, "type bitmap windows not ascending")
  const length = reader.u8()
  if (length === 0 || length > 32) DecodeError.fail("value", at + 1, `type bitmap of ${length} octets`)
  reader.skip(length)
  return window
}

/** The types that are there: window blocks of bitmaps, RFC 4034 4.1.2. */
export const typeBitmap: Field<ReadonlyArray<string>> = make("texts", {
  read: (reader) => {
    const names: Array<string> = []
    let window = -1
    while (reader.offset < reader.end) {
      const start = reader.offset + 2
      window = skipWindow(reader, window)
      pushBits(names, reader.octets, start, reader.offset - start, window * 256)
    }
    return names
  },
  check: (reader) => {
    let window = -1
    while (reader.offset < reader.end) window = skipWindow(reader, window)
  },
  write: (writer, value) => {
    const codes = sortedCodes(value)
    for (let i = 0; i < codes.length;) {
      const window = codes[i]! >> 8
      let next = i
      while (next < codes.length && codes[next]! >> 8 === window) next++
      writeBits(writer, codes.slice(i, next), window)
      i = next
    }
  },
  parse: parseTypes,
  print: (value) => value.join(" ")
})

const writeBits = (writer: Writer, codes: ReadonlyArray<number>, window: number): void => {
  const bitmap = new Uint8Array(((codes.at(-1)! & 0xff) >> 3) + 1)
  for (const code of codes) bitmap[(code & 0xff) >> 3]! |= 0x80 >> (code & 7)
  writer.u8(window)
  writer.u8(bitmap.length)
  writer.bytes(bitmap)
}

/** The bitmap of NXT: one piece for types 0 to 127, RFC 2535 5.2. */
export const nxtBitmap: Field<ReadonlyArray<string>> = make("texts", {
  read: (reader) => {
    const names: Array<string> = []
    const start = reader.offset
    const octets = reader.rest()
    if (octets.length === 0 || octets.length > 16 || octets[0]! >= 0x80) {
      DecodeError.fail("value", start, "not a bitmap of types 1 to 127")
    }
    pushBits(names, octets, 0, octets.length, 0)
    return names
  },
  write: (writer, value) => {
    const codes = sortedCodes(value)
    const last = codes.at(-1) ?? 0
    if (last > 127 || codes[0] === 0) EncodeError.fail("NXT lists types 1 to 127 only")
    const bitmap = new Uint8Array((last >> 3) + 1)
    for (const code of codes) bitmap[code >> 3]! |= 0x80 >> (code & 7)
    writer.bytes(bitmap)
  },
  parse: parseTypes,
  print: (value) => value.join(" ")
})
