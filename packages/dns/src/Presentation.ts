/** The text of a record's rdata (RFC 1035 section 5.1, RFC 3597 section 5). */
import * as RecordTypes from "./wire/RecordTypes.ts"
import type { ResourceRecord } from "./wire/ResourceRecord.ts"

/** The rdata as a zone file has it, names absolute. */
export const data = (record: ResourceRecord): string => {
  const codec = RecordTypes.byName(record.type)
  if (codec !== undefined) return codec.print(record.data, { origin: undefined, grouped: false })
  const { octets } = record.data as { readonly octets: Uint8Array }
  return octets.length === 0 ? "\\# 0" : `\\# ${octets.length} ${Buffer.from(octets).toString("hex")}`
}
