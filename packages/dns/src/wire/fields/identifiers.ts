/** Fixed-size identifiers, in JavaScript their text. */
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import { fromHex, toHex } from "./blobs.ts"

/** `pieces` groups of hex digits with `separator` between, lower case. */
const grouped = (options: {
  readonly pieces: number
  readonly octets: number
  readonly separator: string
}): Field<string> => {
  const { pieces, octets, separator } = options
  const pattern = new RegExp(`^[0-9a-f]{1,${octets * 2}}(${separator}[0-9a-f]{1,${octets * 2}}){${pieces - 1}}$`)
  const normal = (text: string): string | undefined => {
    const lower = text.toLowerCase()
    if (!pattern.test(lower)) return undefined
    return lower
      .split(separator)
      .map((piece) => piece.padStart(octets * 2, "0"))
      .join(separator)
  }
  const text = (value: Uint8Array): string =>
    toHex(value)
      .toLowerCase()
      .match(new RegExp(`.{${octets * 2}}`, "g"))!
      .join(separator)
  return make("text", {
    read: (reader) => text(reader.view(pieces * octets)),
    check: (reader) => void reader.skip(pieces * octets),
    write: (writer, value) => {
      const digits = normal(value) ?? EncodeError.fail(`not ${pieces} groups of hex with ${separator}: ${value}`)
      writer.bytes(fromHex(digits.replaceAll(separator, ""))!)
    },
    parse: (tokens) => {
      const token = tokens.next("identifier")
      return normal(token) ?? tokens.failBefore(`not ${pieces} groups of hex with ${separator}: ${token}`)
    },
    print: (value) => value
  })
}

/** `00-00-5e-00-53-2a` (RFC 7043). */
export const eui48 = grouped({ pieces: 6, octets: 1, separator: "-" })
export const eui64 = grouped({ pieces: 8, octets: 1, separator: "-" })

/** `0014:4fff:ff20:ee64`: 64 bits (RFC 6742). */
export const locator64 = grouped({ pieces: 4, octets: 2, separator: ":" })
