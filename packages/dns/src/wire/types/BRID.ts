import { base64Rest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** Broadcast remote identification: RFC 9886. */
export const BRID = RecordType.make("BRID", 68, { data: base64Rest })
