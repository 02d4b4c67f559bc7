import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Sender policy, obsolete, in the form of TXT: RFC 7208 3.1. */
export const SPF = RecordType.make("SPF", 99, { strings: charStrings })
