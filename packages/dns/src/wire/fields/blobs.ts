/** Octets that are opaque here: digests, keys, signatures; printed in hex or base64. */
import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import { type Field, make, type Style } from "../Field.ts"
import type { Tokens } from "../Tokens.ts"

export const toHex = (octets: Uint8Array): string => asBuffer(octets).toString("hex").toUpperCase()

export const toBase64 = (octets: Uint8Array): string => asBuffer(octets).toString("base64")

const asBuffer = (octets: Uint8Array): Buffer => Buffer.from(octets.buffer, octets.byteOffset, octets.length)

/** Undefined when it is not hex, or is cut in the middle of an octet. */
export const fromHex = (text: string): Uint8Array | undefined =>
  text.length % 2 === 0 && /^[0-9A-Fa-f]*$/.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : undefined

/** Undefined when it is not padded base64 of RFC 4648 4. */
export const fromBase64 = (text: string): Uint8Array | undefined =>
  text.length % 4 === 0 && /^[0-9A-Za-z+/]*={0,2}$/.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined

/** As `dig` prints: groups of 56 characters. */
const group = (text: string, style: Style): string => {
  if (!style.grouped || text.length <= 56) return text
  const groups: Array<string> = []
  for (let at = 0; at < text.length; at += 56) groups.push(text.slice(at, at + 56))
  return groups.join(" ")
}

export const hexOf = (tokens: Tokens, text: string): Uint8Array =>
  fromHex(text) ?? tokens.failBefore(`not hex: ${text.slice(0, 40)}`)

export const base64Of = (tokens: Tokens, text: string): Uint8Array =>
  fromBase64(text) ?? tokens.failBefore(`not base64: ${text.slice(0, 40)}`)

const rest = (print: Field<Uint8Array>["print"], parse: Field<Uint8Array>["parse"]): Field<Uint8Array> =>
  make("octets", {
    read: (reader) => reader.rest(),
    check: (reader) => {
      reader.offset = reader.end
    },
    write: (writer, value) => writer.bytes(value),
    parse,
    print
  })

/** All that is left, in hex, which may be cut by spaces. */
export const hexRest = rest(
  (value, style) => group(toHex(value), style),
  (tokens) => hexOf(tokens, tokens.rest())
)

/** All that is left, in base64, which may be cut by spaces. */
export const base64Rest = rest(
  (value, style) => group(toBase64(value), style),
  (tokens) => base64Of(tokens, tokens.rest())
)

/** As `hexRest`, printed as one word with its length, the generic form of RFC 3597 5: `\# 4 0A000001`. */
export const generic = rest(
  (value, style) => (value.length === 0 ? "\\# 0" : `\\# ${value.length} ${group(toHex(value), style)}`),
  (tokens) => {
    if (tokens.next("\\#") !== "\\#") return tokens.failBefore("expected \\#")
    const length = tokens.integer("length", 0xffff)
    const octets = hexOf(tokens, tokens.rest())
    return octets.length === length ? octets : tokens.failBefore(`${octets.length} octets given, ${length} announced`)
  }
)

/** Octets after a length of 8 bits, in hex without spaces, `-` for none (NSEC3's salt). */
export const hexOrDash: Field<Uint8Array> = make("octets", {
  read: (reader) => reader.view(reader.u8()),
  check: (reader) => void reader.skip(reader.u8()),
  write: (writer, value) => {
    if (value.length > 255) EncodeError.fail("over 255 octets")
    writer.u8(value.length)
    writer.bytes(value)
  },
  parse: (tokens) => {
    const text = tokens.next("hex")
    const octets = text === "-" ? new Uint8Array(0) : hexOf(tokens, text)
    return octets.length <= 255 ? octets : tokens.failBefore("over 255 octets")
  },
  print: (value) => (value.length === 0 ? "-" : toHex(value))
})

/** Octets after a length of 16 bits, in base64; text says the length when `counted`. `-` stands for none. */
export const base64After16 = (options: { readonly counted: boolean }): Field<Uint8Array> =>
  make("octets", {
    read: (reader) => reader.view(reader.u16()),
    check: (reader) => void reader.skip(reader.u16()),
    write: (writer, value) => {
      writer.u16(value.length)
      writer.bytes(value)
    },
    parse: (tokens) => {
      const length = options.counted ? tokens.integer("length", 0xffff) : undefined
      if (length === 0) return new Uint8Array(0)
      const text = tokens.next("base64")
      const octets = text === "-" ? new Uint8Array(0) : base64Of(tokens, text)
      if (length === undefined || length === octets.length) return octets
      return tokens.failBefore(`${octets.length} octets given, ${length} announced`)
    },
    print: (value) => {
      const text = value.length === 0 ? "" : toBase64(value)
      return options.counted ? `${value.length}${text === "" ? "" : ` ${text}`}` : text === "" ? "-" : text
    }
  })

/** All that is left, in base64, `-` for none. */
export const base64RestOrDash: Field<Uint8Array> = {
  ...base64Rest,
  parse: (tokens) =>
    tokens.peek() === "-" && tokens.left === 1 ? (tokens.index++, new Uint8Array(0)) : base64Rest.parse(tokens),
  print: (value, style) => (value.length === 0 ? "-" : base64Rest.print(value, style))
}

const base32Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV"

/** Base32 with extended hex, no padding, as in NSEC3 owner names (RFC 4648 7, RFC 5155 3.3). */
const toBase32Hex = (octets: Uint8Array): string => {
  let text = ""
  let bits = 0
  let value = 0
  for (const octet of octets) {
    value = (value << 8) | octet
    for (bits += 8; bits >= 5; bits -= 5) text += base32Digits[(value >> (bits - 5)) & 31]!
    value &= 31
  }
  return bits === 0 ? text : text + base32Digits[(value << (5 - bits)) & 31]!
}

/** Undefined when it is not that. */
const fromBase32Hex = (text: string): Uint8Array | undefined => {
  const octets = new Uint8Array((text.length * 5) >> 3)
  let bits = 0
  let value = 0
  let at = 0
  for (const char of text.toUpperCase()) {
    const digit = base32Digits.indexOf(char)
    if (digit < 0) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) octets[at++] = value >> (bits -= 8)
  }
  return bits >= 5 ? undefined : octets
}

/** Octets after a length of 8 bits, at least one, in base32hex (NSEC3's next hashed owner, RFC 5155 3.2). */
export const base32HexAfter8: Field<Uint8Array> = {
  ...hexOrDash,
  read: (reader) => {
    const length = reader.u8()
    return length > 0 ? reader.view(length) : DecodeError.fail("value", reader.offset - 1, "empty hash")
  },
  check: (reader) => {
    const length = reader.u8()
    if (length === 0) DecodeError.fail("value", reader.offset - 1, "empty hash")
    reader.skip(length)
  },
  parse: (tokens) => {
    const text = tokens.next("base32hex")
    const octets = fromBase32Hex(text)
    if (octets === undefined || octets.length === 0) return tokens.failBefore(`not base32hex: ${text}`)
    return octets.length <= 255 ? octets : tokens.failBefore("hash over 255 octets")
  },
  print: toBase32Hex
}

/** All that is left, in hex after `0x`, with dots allowed (NSAP, RFC 1706 7). */
export const nsapRest: Field<Uint8Array> = {
  ...hexRest,
  parse: (tokens) => {
    const text = tokens.next("address")
    if (!/^0x/i.test(text)) return tokens.failBefore(`does not begin with 0x: ${text}`)
    return hexOf(tokens, text.slice(2).replaceAll(".", ""))
  },
  print: (value) => `0x${toHex(value).toLowerCase()}`
}
