import * as Schema from "effect/Schema"
import * as Task from "../Task.ts"
import { LookupError } from "./LookupError.ts"

/** A record of a type that Effect's `Dns` has no shape for: its presentation form and its octets (RFC 3597). */
export const OtherRecord = Schema.TaggedStruct("Other", {
  /** The mnemonic, or `TYPE123` (RFC 3597 section 5). */
  type: Schema.String,
  /** The rdata in presentation form. */
  text: Schema.String,
  /** The rdata in octets, uncompressed. */
  data: Schema.Uint8Array
})
export type OtherRecord = typeof OtherRecord.Type

/** The records of one name and type that were found at the end of any chain of aliases. */
export const RecordSet = Schema.Struct({
  /** The owner of the records, in presentation form without a trailing dot: the last alias's target. */
  name: Schema.String,
  type: Schema.String,
  /** Seconds for which the set may be kept (RFC 2181 section 5.2: the least of the set and its aliases). */
  ttl: Schema.Int,
  records: Schema.NonEmptyArray(Schema.Union([Schema.DnsRecord, OtherRecord]))
})
export type RecordSet = typeof RecordSet.Type

/**
 * A name and a record type to the record set, with TTL. `type` is a mnemonic of the IANA registry or `TYPE123`.
 * No such name and no such record both fail with `NotFound`; `code` tells which (`NXDOMAIN`, `NODATA`).
 */
export class QueryRecords extends Task.make("QueryRecords", {
  payload: { name: Schema.String, type: Schema.String },
  success: RecordSet,
  failure: LookupError,
  repeatable: true
}) {}
