import { hexOrDash } from "../fields/blobs.ts"
import { u16, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** How a zone hashes its names: RFC 5155 4. */
export const NSEC3PARAM = RecordType.make("NSEC3PARAM", 51, {
  hashAlgorithm: u8,
  flags: u8,
  iterations: u16,
  salt: hexOrDash
})
