/**
 * Character strings (RFC 1035 3.3): up to 255 octets after a length octet.
 *
 * Where people write text (TXT) the value is octets, since nothing says that they are UTF-8; `CharacterString.utf8` reads them so. Where
 * a protocol has words in them (NAPTR flags, HINFO) the value is a string of one character per octet, lossless.
 */
import * as EncodeError from "../EncodeError.ts"
import { fromLatin1, quote, toLatin1, unescapeText } from "../CharacterString.ts"
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

/** The octets of the next token: escapes resolved, characters outside ASCII as UTF-8. */
const unescape = (tokens: Tokens): Uint8Array =>
  unescapeText(tokens.next("character string")) ?? tokens.failBefore("bad escape")

/** A word of letters and digits without a length of its own, for use inside other fields. */
export const isAlphanumeric = (text: string): boolean => /^[0-9A-Za-z]+$/.test(text)
