import { word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Host information, RFC 1035 3.3.2; the answer to ANY, RFC 8482. */
export const HINFO = RecordType.make("HINFO", 13, { cpu: word, os: word })
