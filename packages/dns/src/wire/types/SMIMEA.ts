import { hexRest } from "../fields/blobs.ts"
import { u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Certificate of a mail address: RFC 8162 2. */
export const SMIMEA = RecordType.make("SMIMEA", 53, { usage: u8, selector: u8, matchingType: u8, data: hexRest })
