import { algorithm } from "../fields/algorithms.ts"
import { base64Rest } from "../fields/blobs.ts"
import { u16, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** DNSKEY that a child wants a DS for: RFC 7344 3.2. */
export const CDNSKEY = RecordType.make("CDNSKEY", 60, {
  flags: u16,
  protocol: u8,
  algorithm: algorithm,
  publicKey: base64Rest
})
