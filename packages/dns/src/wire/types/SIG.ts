import { algorithm } from "../fields/algorithms.ts"
import { base64Rest } from "../fields/blobs.ts"
import { name } from "../fields/names.ts"
import { u16, u32, u8 } from "../fields/numbers.ts"
import { timestamp } from "../fields/times.ts"
import { type } from "../fields/types.ts"
import * as RecordType from "../RecordType.ts"

/** Signature of a transaction (SIG(0), RFC 2931), before that of a record set (RFC 2535 4). */
export const SIG = RecordType.make("SIG", 24, {
  typeCovered: type,
  algorithm: algorithm,
  labels: u8,
  originalTtl: u32,
  expiration: timestamp,
  inception: timestamp,
  keyTag: u16,
  signer: name,
  signature: base64Rest
})
