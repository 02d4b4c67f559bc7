import { algorithm } from "../fields/algorithms.ts"
import { base64Rest } from "../fields/blobs.ts"
import { u16, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Resource key: draft-reid-dnsext-rkey, in the form of KEY. */
export const RKEY = RecordType.make("RKEY", 57, {
  flags: u16,
  protocol: u8,
  algorithm: algorithm,
  publicKey: base64Rest
})
