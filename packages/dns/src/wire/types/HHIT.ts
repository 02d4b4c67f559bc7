import { base64Rest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** Hierarchical host identity tag: RFC 9886. */
export const HHIT = RecordType.make("HHIT", 67, { data: base64Rest })
