import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Mail group member, experimental: RFC 1035 3.3.6. */
export const MG = RecordType.make("MG", 8, { mailbox: compressedName })
