import { eui48 } from "../fields/identifiers.ts"
import * as RecordType from "../RecordType.ts"

/** 48 bit extended unique identifier: RFC 7043 3. */
export const EUI48 = RecordType.make("EUI48", 108, { address: eui48 })
