import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Mail rename, experimental: RFC 1035 3.3.8. */
export const MR = RecordType.make("MR", 9, { mailbox: compressedName })
