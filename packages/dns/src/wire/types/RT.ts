import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Route through: RFC 1183 3.3. */
export const RT = RecordType.make("RT", 21, { preference: u16, host: name })
