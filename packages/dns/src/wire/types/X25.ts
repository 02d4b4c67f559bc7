import { word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** X.25 address: RFC 1183 3.1. */
export const X25 = RecordType.make("X25", 19, { address: word })
