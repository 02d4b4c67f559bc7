/** Octets that are opaque here: digests, keys, signatures; printed in hex or base64. */
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
export const group = (text: string, style: Style): string => {
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
