import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Key exchanger: RFC 2230. */
export const KX = RecordType.makeInternet("KX", 36, { preference: u16, exchanger: name })
