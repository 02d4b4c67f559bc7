import { eui64 } from "../fields/identifiers.ts"
import * as RecordType from "../RecordType.ts"

/** 64 bit extended unique identifier: RFC 7043 4. */
export const EUI64 = RecordType.make("EUI64", 109, { address: eui64 })
