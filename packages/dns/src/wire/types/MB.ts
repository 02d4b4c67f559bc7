import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Mailbox domain name, experimental: RFC 1035 3.3.3. */
export const MB = RecordType.make("MB", 7, { host: compressedName })
