import { hexRest } from "../fields/blobs.ts"
import { u32, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Digest of a zone: RFC 8976 2. */
export const ZONEMD = RecordType.make("ZONEMD", 63, { serial: u32, scheme: u8, hashAlgorithm: u8, digest: hexRest })
