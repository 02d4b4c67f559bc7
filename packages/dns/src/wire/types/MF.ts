import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Mail forwarder, obsolete: RFC 1035 3.3.5. */
export const MF = RecordType.make("MF", 4, { host: compressedName })
