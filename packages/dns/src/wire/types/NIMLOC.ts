import { hexRest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** Nimrod locator: draft-ietf-nimrod-dns. */
export const NIMLOC = RecordType.make("NIMLOC", 32, { locator: hexRest })
