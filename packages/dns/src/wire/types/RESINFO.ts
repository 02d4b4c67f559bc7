import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** What a resolver can do, in the form of TXT: RFC 9606 4. */
export const RESINFO = RecordType.make("RESINFO", 261, { strings: charStrings })
