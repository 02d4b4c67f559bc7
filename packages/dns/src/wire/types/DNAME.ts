import { name } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Alias of all names below: RFC 6672. */
export const DNAME = RecordType.make("DNAME", 39, { target: name })
