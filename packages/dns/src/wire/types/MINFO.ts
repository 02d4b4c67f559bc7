import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Mailbox information, experimental: RFC 1035 3.3.7. */
export const MINFO = RecordType.make("MINFO", 14, { responsible: compressedName, errors: compressedName })
