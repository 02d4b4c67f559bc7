import { hexRest } from "../fields/blobs.ts"
import { u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Certificate of a TLS service: RFC 6698 2. */
export const TLSA = RecordType.make("TLSA", 52, { usage: u8, selector: u8, matchingType: u8, data: hexRest })
