import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Pointer to another name: RFC 1035 3.3.12. */
export const PTR = RecordType.make("PTR", 12, { host: compressedName })
