import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** X.400 mail mapping: RFC 2163. */
export const PX = RecordType.makeInternet("PX", 26, { preference: u16, map822: name, mapX400: name })
