import { nsapRest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** OSI NSAP address: RFC 1706. */
export const NSAP = RecordType.makeInternet("NSAP", 22, { address: nsapRest })
