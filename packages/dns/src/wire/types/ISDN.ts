import { optionalWord, word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** ISDN address: RFC 1183 3.2. */
export const ISDN = RecordType.make("ISDN", 20, { address: word, subaddress: optionalWord })
