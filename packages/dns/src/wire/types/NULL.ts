import { generic } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** Anything at all: RFC 1035 3.3.10. Text is the generic form. */
export const NULL = RecordType.make("NULL", 10, { octets: generic })
