import { name } from "../fields/names.ts"
import { nxtBitmap } from "../fields/types.ts"
import * as RecordType from "../RecordType.ts"

/** Next name, obsolete: RFC 2535 5. */
export const NXT = RecordType.make("NXT", 30, { next: name, types: nxtBitmap })
