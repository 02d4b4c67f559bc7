import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Mail destination, obsolete: RFC 1035 3.3.4. */
export const MD = RecordType.make("MD", 3, { host: compressedName })
