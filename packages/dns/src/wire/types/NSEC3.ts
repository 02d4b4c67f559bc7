import { base32HexAfter8, hexOrDash } from "../fields/blobs.ts"
import { u16, u8 } from "../fields/numbers.ts"
import { typeBitmap } from "../fields/types.ts"
import * as RecordType from "../RecordType.ts"

/** Next hashed name and the types of this one: RFC 5155 3. */
export const NSEC3 = RecordType.make("NSEC3", 50, {
  hashAlgorithm: u8,
  flags: u8,
  iterations: u16,
  salt: hexOrDash,
  next: base32HexAfter8,
  types: typeBitmap
})
