import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Zone status: draft-reid-dnsext-zs, in the form of TXT. */
export const NINFO = RecordType.make("NINFO", 56, { strings: charStrings })
