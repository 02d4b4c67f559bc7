/** A digest whose length its type tells, the type being the octet before it (DS, ZONEMD). */
import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import type { Field } from "../Field.ts"
import type { Reader } from "../Reader.ts"
import { hexRest } from "./blobs.ts"

/** `octets` has the length of each type that is known; a digest of another type may have any. */
export const digest = (options: {
  readonly octets: Readonly<Record<number, number>>
  /** What the type was written as, in text. */
  readonly mnemonics?: Readonly<Record<string, number>>
  /** The octet before the type must be this for the lengths to hold: ZONEMD's scheme. */
  readonly scheme?: number
  /** A shorter one is none, whatever its type. */
  readonly least?: number
}): Field<Uint8Array> => {
  const wrong = (scheme: number, type: number, length: number): string | undefined => {
    const wanted = options.scheme === undefined || options.scheme === scheme ? options.octets[type] : undefined
    if (length < (options.least ?? 0)) return `digest of ${length} octets, fewer than ${options.least}`
    return wanted === undefined || wanted === length
      ? undefined
      : `digest of type ${type} has ${wanted} octets, not ${length}`
  }
  const check = (reader: Reader): void => {
    const detail = wrong(
      reader.octets[reader.offset - 2]!,
      reader.octets[reader.offset - 1]!,
      reader.end - reader.offset
    )
    if (detail !== undefined) DecodeError.fail("value", reader.offset, detail)
    reader.offset = reader.end
  }
  return {
    ...hexRest,
    check,
    read: (reader) => {
      const start = reader.offset
      check(reader)
      reader.offset = start
      return reader.rest()
    },
    write: (writer, value) => {
      const detail = wrong(writer.octets[writer.offset - 2]!, writer.octets[writer.offset - 1]!, value.length)
      if (detail !== undefined) EncodeError.fail(detail)
      writer.bytes(value)
    },
    parse: (tokens) => {
      const at = tokens.index
      const value = hexRest.parse(tokens)
      const detail = wrong(
        Number(tokens.texts[at - 2]),
        options.mnemonics?.[tokens.texts[at - 1]!.toUpperCase()] ?? Number(tokens.texts[at - 1]),
        value.length
      )
      return detail === undefined ? value : tokens.failBefore(detail)
    }
  }
}
