import { digest } from "../fields/digest.ts"
import { u32, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Digest of a zone: RFC 8976 2. SHA-384 and SHA-512 of scheme SIMPLE have a known length; no digest is under 12 octets (2.2.4). */
export const ZONEMD = RecordType.make("ZONEMD", 63, {
  serial: u32,
  scheme: u8,
  hashAlgorithm: u8,
  digest: digest({ octets: { 1: 48, 2: 64 }, scheme: 1, least: 12 })
})
