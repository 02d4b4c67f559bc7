import { name } from "../fields/names.ts"
import { typeBitmap } from "../fields/types.ts"
import * as RecordType from "../RecordType.ts"

/** Next name and the types of this one: RFC 4034 4. */
export const NSEC = RecordType.make("NSEC", 47, { next: name, types: typeBitmap })
