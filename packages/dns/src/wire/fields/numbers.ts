/** Unsigned integers, in network order. */
import { type Field, make } from "../Field.ts"

const decimal = String

export const u8: Field<number> = make("number", {
  read: (reader) => reader.u8(),
  check: (reader) => void reader.skip(1),
  write: (writer, value) => writer.u8(value),
  parse: (tokens) => tokens.integer("number", 0xff),
  print: decimal
})

export const u16: Field<number> = make("number", {
  read: (reader) => reader.u16(),
  check: (reader) => void reader.skip(2),
  write: (writer, value) => writer.u16(value),
  parse: (tokens) => tokens.integer("number", 0xffff),
  print: decimal
})

export const u32: Field<number> = make("number", {
  read: (reader) => reader.u32(),
  check: (reader) => void reader.skip(4),
  write: (writer, value) => writer.u32(value),
  parse: (tokens) => tokens.integer("number", 0xffffffff),
  print: decimal
})

/** Seconds; text may use units, as in `1h30m` (BIND's, kept by all). */
export const seconds: Field<number> = make("number", {
  read: (reader) => reader.u32(),
  check: (reader) => void reader.skip(4),
  write: (writer, value) => writer.u32(value),
  parse: (tokens) => {
    const text = tokens.next("time")
    const value = parseSeconds(text)
    return value === undefined ? tokens.failBefore(`not a time: ${text}`) : value
  },
  print: decimal
})

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** `3600`, `1h`, `1w2d`: seconds, or undefined when it is not a time of 32 bits. */
export const parseSeconds = (text: string): number | undefined => {
  let total = 0
  let number = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) {
      number = (number < 0 ? 0 : number) * 10 + code - 0x30
      if (number > 0xffffffff) return undefined
    } else {
      const unit = secondsPerUnit[text[i]!.toLowerCase()]
      if (unit === undefined || number < 0) return undefined
      total += number * unit
      number = -1
    }
  }
  if (number >= 0) total += number
  return text.length > 0 && total <= 0xffffffff ? total : undefined
}

/** A number that a registry also knows by mnemonics: those are read, the number is printed. */
export const enumerated = (width: 8 | 16, mnemonics: Readonly<Record<string, number>>): Field<number> => {
  const plain = width === 8 ? u8 : u16
  return {
    ...plain,
    parse: (tokens) => {
      const known = mnemonics[(tokens.peek() ?? "").toUpperCase()]
      if (known === undefined) return plain.parse(tokens)
      tokens.index++
      return known
    }
  }
}

/** 48 bits, as a number, which holds 53. */
export const u48: Field<number> = make("number", {
  read: (reader) => reader.u48(),
  check: (reader) => void reader.skip(6),
  write: (writer, value) => writer.u48(value),
  parse: (tokens) => tokens.integer("number", 2 ** 48 - 1),
  print: decimal
})

export const u64: Field<bigint> = make("bigint", {
  read: (reader) => reader.u64(),
  check: (reader) => void reader.skip(8),
  write: (writer, value) => writer.u64(value),
  parse: (tokens) => {
    const text = tokens.next("number")
    const value = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : 1n << 64n
    return value < 1n << 64n ? value : tokens.failBefore(`not an integer of 64 bits: ${text}`)
  },
  print: decimal
})

/** An integer, or nothing when the octets end before it: undefined. */
export const optionalNumber = (width: 16 | 32): Field<number | undefined> => {
  const field = width === 16 ? u16 : u32
  return make<number | undefined>("json", {
    read: (reader) => (reader.offset === reader.end ? undefined : field.read(reader)),
    write: (writer, value) => {
      if (value !== undefined) field.write(writer, value)
    },
    parse: (tokens) => (tokens.left === 0 ? undefined : field.parse(tokens)),
    print: (value) => (value === undefined ? "" : decimal(value))
  })
}
