import * as DecodeError from "../DecodeError.ts"
import * as EdnsOptionType from "../EdnsOptionType.ts"
import { type Field, make } from "../Field.ts"
import { hexOf, toHex } from "../fields/blobs.ts"

/** The version of the zone that an answer is from. */
export interface ZoneVersion {
  /** Labels of the zone's name, the root's not counted. */
  readonly labels: number
  /** 0: the serial of the SOA, in four octets. */
  readonly type: number
  readonly version: Uint8Array
}

const version: Field<ZoneVersion | undefined> = make<ZoneVersion | undefined>("json", {
  read: (reader) => {
    if (reader.offset === reader.end) return undefined
    const at = reader.offset
    const value = { labels: reader.u8(), type: reader.u8(), version: reader.rest() }
    if (value.type === 0 && value.version.length !== 4) DecodeError.fail("value", at + 2, "a serial has four octets")
    return value
  },
  write: (writer, value) => {
    if (value === undefined) return
    writer.u8(value.labels)
    writer.u8(value.type)
    writer.bytes(value.version)
  },
  parse: (tokens) => {
    if (tokens.left === 0) return undefined
    const labels = tokens.integer("labels", 255)
    const type = tokens.integer("type", 255)
    return { labels, type, version: hexOf(tokens, tokens.rest()) }
  },
  print: (value) => (value === undefined ? "" : `${value.labels} ${value.type} ${toHex(value.version)}`.trimEnd())
})

/** Version of the zone that answered, none in a query: RFC 9660 3. */
export const ZONEVERSION = EdnsOptionType.make("ZONEVERSION", 19, { version })
