import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import { svcParams } from "../fields/svcParams.ts"
import * as RecordType from "../RecordType.ts"

/** Service binding: RFC 9460 2. `priority` 0 makes it an alias. */
export const SVCB = RecordType.makeInternet("SVCB", 64, { priority: u16, target: name, params: svcParams })
