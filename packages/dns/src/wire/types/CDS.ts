import { algorithm, digestType, dsDigest } from "../fields/algorithms.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** DS that a child wants: RFC 7344 3.1. */
export const CDS = RecordType.make("CDS", 59, {
  keyTag: u16,
  algorithm: algorithm,
  digestType: digestType,
  digest: dsDigest
})
