import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import { hexOf, toHex } from "../fields/blobs.ts"
import * as EdnsOptionType from "../EdnsOptionType.ts"

const client: Field<Uint8Array> = make("octets", {
  read: (reader) => reader.view(8),
  check: (reader) => void reader.skip(8),
  write: (writer, value) => {
    if (value.length !== 8) EncodeError.fail("a client cookie has 8 octets")
    writer.bytes(value)
  },
  parse: (tokens) => hexOf(tokens, tokens.next("client cookie")),
  print: toHex
})

/** Nothing, or 8 to 32 octets. */
const server: Field<Uint8Array> = make("octets", {
  read: (reader) => {
    const length = reader.end - reader.offset
    if (length !== 0 && (length < 8 || length > 32)) {
      DecodeError.fail("value", reader.offset, `a server cookie has 8 to 32 octets, not ${length}`)
    }
    return reader.rest()
  },
  write: (writer, value) => {
    const length = value.length
    if (length !== 0 && (length < 8 || length > 32)) EncodeError.fail("a server cookie has 8 to 32 octets")
    writer.bytes(value)
  },
  parse: (tokens) => (tokens.left === 0 ? new Uint8Array(0) : hexOf(tokens, tokens.next("server cookie"))),
  print: toHex
})

/** DNS cookie: RFC 7873 4. */
export const COOKIE = EdnsOptionType.make("COOKIE", 10, { client, server })
