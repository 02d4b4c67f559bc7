import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import { svcParams } from "../fields/svcParams.ts"
import * as RecordType from "../RecordType.ts"

/** Service binding of an HTTPS origin: RFC 9460 9. `priority` 0 makes it an alias. */
export const HTTPS = RecordType.makeInternet("HTTPS", 65, { priority: u16, target: name, params: svcParams })
