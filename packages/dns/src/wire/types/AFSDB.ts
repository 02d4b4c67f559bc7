import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** AFS cell database: RFC 1183 1, RFC 5864. */
export const AFSDB = RecordType.make("AFSDB", 18, { subtype: u16, host: name })
