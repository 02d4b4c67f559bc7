/** Zones from text and back: the master file format of RFC 1035 5. */
import { Name, TextError, ZoneFile } from "../wire/index.ts"
import * as limits from "./limits.ts"
import * as Zone from "./Zone.ts"
import { ZoneError } from "./ZoneError.ts"

/** Reads a zone file. Throws `ZoneError`; for text that cannot be read its `cause` is the `TextError` with the line. */
export const parse = (text: string, options: ZoneFile.Options & { readonly origin: Name.Name }): Zone.Zone => {
  if (text.length > limits.zoneTextOctets) throw new ZoneError("Text", `zone text over ${limits.zoneTextOctets} octets`)
  const records = ZoneFile.parse(text, options)
  if (records instanceof TextError) throw new ZoneError("Text", records.message, { cause: records })
  return Zone.make(records, { origin: options.origin })
}

/** As `parse`, with the origin as text. */
export const zone = (origin: string, text: string): Zone.Zone => parse(text, { origin: Name.fromText(origin) })

/** The zone as text that every name server reads, one record a line, the SOA first. */
export const print = (self: Zone.Zone): string => ZoneFile.print(self.records())
