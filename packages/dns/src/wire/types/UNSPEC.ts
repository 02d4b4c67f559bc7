import { generic } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** Unspecified octets (IANA reserved). */
export const UNSPEC = RecordType.make("UNSPEC", 103, { octets: generic })
