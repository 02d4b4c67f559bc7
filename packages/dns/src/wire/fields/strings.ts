/**
 * Character strings (RFC 1035 3.3): up to 255 octets after a length octet.
 *
 * Where people write text (TXT) the value is octets, since nothing says that they are UTF-8; `utf8` reads them so. Where
 * a protocol has words in them (NAPTR flags, HINFO) the value is a string of one character per octet, lossless.
 */
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import * as limits from "../limits.ts"
import type { Reader } from "../Reader.ts"
import type { Tokens } from "../Tokens.ts"
import type { Writer } from "../Writer.ts"

const skipOne = (reader: Reader): void => void reader.skip(reader.u8())

const writeOne = (writer: Writer, value: Uint8Array): void => {
  if (value.length > limits.stringOctets) EncodeError.fail(`character string over 255 octets: ${value.length}`)
  writer.u8(value.length)
  writer.bytes(value)
}

const parseOne = (tokens: Tokens): Uint8Array => {
  const octets = unescape(tokens)
  return octets.length <= limits.stringOctets ? octets : tokens.failBefore("character string over 255 octets")
}

/** One character string, as octets. */
export const charString: Field<Uint8Array> = make("octets", {
  read: (reader) => reader.view(reader.u8()),
  check: skipOne,
  write: writeOne,
  parse: parseOne,
  print: (value) => quote(value)
})

/** One character string or more, up to the end of the rdata. */
export const charStrings: Field<ReadonlyArray<Uint8Array>> = make("octetsList", {
  read: (reader) => {
    const strings = [reader.view(reader.u8())]
    while (reader.offset < reader.end) strings.push(reader.view(reader.u8()))
    return strings
  },
  check: (reader) => {
    do skipOne(reader)
    while (reader.offset < reader.end)
  },
  write: (writer, value) => {
    if (value.length === 0) EncodeError.fail("no character string")
    for (const string of value) writeOne(writer, string)
  },
  parse: (tokens) => {
    const strings = [parseOne(tokens)]
    while (tokens.left > 0) strings.push(parseOne(tokens))
    return strings
  },
  print: (value) => value.map(quote).join(" ")
})

/** One character string of protocol words, as text of one character per octet. */
export const word: Field<string> = make("text", {
  read: (reader) => fromLatin1(reader.view(reader.u8())),
  check: skipOne,
  write: (writer, value) => writeOne(writer, toLatin1(value)),
  parse: (tokens) => fromLatin1(parseOne(tokens)),
  print: (value) => quote(toLatin1(value))
})

/** As `word`, with no character string at all when the rdata ends before it: undefined. */
export const optionalWord: Field<string | undefined> = make<string | undefined>("json", {
  read: (reader) => (reader.offset === reader.end ? undefined : word.read(reader)),
  check: (reader) => {
    if (reader.offset < reader.end) skipOne(reader)
  },
  write: (writer, value) => {
    if (value !== undefined) word.write(writer, value)
  },
  parse: (tokens) => (tokens.left === 0 ? undefined : word.parse(tokens)),
  print: (value) => (value === undefined ? "" : quote(toLatin1(value)))
})

/** Text up to the end of the rdata, without a length (URI's target, CAA's value), as octets. */
export const restString: Field<Uint8Array> = make("octets", {
  read: (reader) => reader.rest(),
  check: (reader) => {
    reader.offset = reader.end
  },
  write: (writer, value) => writer.bytes(value),
  parse: (tokens) => unescape(tokens),
  print: (value) => quote(value)
})

export const fromLatin1 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1")

export const toLatin1 = (text: string): Uint8Array => {
  const octets = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) EncodeError.fail(`character over one octet in ${JSON.stringify(text)}`)
    octets[i] = code
  }
  return octets
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Octets as UTF-8 text; what is not UTF-8 becomes U+FFFD. */
export const utf8 = (octets: Uint8Array): string => decoder.decode(octets)

/** UTF-8 text as octets, for one character string. */
export const fromUtf8 = (text: string): Uint8Array => encoder.encode(text)

/** UTF-8 text cut into as many character strings as it needs. */
export const chunk = (text: string): ReadonlyArray<Uint8Array> => {
  const octets = encoder.encode(text)
  const chunks: Array<Uint8Array> = []
  for (let at = 0; at === 0 || at < octets.length; at += limits.stringOctets) {
    chunks.push(octets.subarray(at, at + limits.stringOctets))
  }
  return chunks
}

const quoted: ReadonlyArray<string> = Array.from({ length: 256 }, (_, octet) =>
  octet === 0x22 || octet === 0x5c
    ? `\\${String.fromCharCode(octet)}`
    : octet < 0x20 || octet > 0x7e
      ? `\\${String(octet).padStart(3, "0")}`
      : String.fromCharCode(octet)
)

/** Octets in quotes, escaped as RFC 1035 5.1 says. */
export const quote = (octets: Uint8Array): string => {
  let text = '"'
  for (let i = 0; i < octets.length; i++) text += quoted[octets[i]!]!
  return `${text}"`
}

/** The octets of the next token: escapes resolved, characters outside ASCII as UTF-8. */
export const unescape = (tokens: Tokens): Uint8Array =>
  unescapeText(tokens.next("character string")) ?? tokens.failBefore("bad escape")

/** The octets that escaped text stands for; undefined for a bad escape. */
export const unescapeText = (text: string): Uint8Array | undefined => {
  const octets = new Uint8Array(text.length * 3)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code > 0x7f) {
      const point = text.codePointAt(i)!
      if (point > 0xffff) i++
      length += encoder.encodeInto(String.fromCodePoint(point), octets.subarray(length)).written
      continue
    }
    if (code === 0x5c) {
      const digits = /^[0-9]{3}/.exec(text.slice(i + 1, i + 4))
      if (digits !== null) {
        code = Number(digits[0])
        if (code > 255) return undefined
        i += 3
      } else {
        code = text.charCodeAt(++i)
        if (!(code <= 0x7f) || (code >= 0x30 && code <= 0x39)) return undefined
      }
    }
    octets[length++] = code
  }
  return octets.slice(0, length)
}

/** A word of letters and digits without a length of its own, for use inside other fields. */
export const isAlphanumeric = (text: string): boolean => /^[0-9A-Za-z]+$/.test(text)
