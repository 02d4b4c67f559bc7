import { hexRest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** Nimrod endpoint identifier: draft-ietf-nimrod-dns. */
export const EID = RecordType.make("EID", 31, { endpoint: hexRest })
