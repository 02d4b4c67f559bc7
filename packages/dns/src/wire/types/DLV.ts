import { algorithm, digestType, dsDigest } from "../fields/algorithms.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** DNSSEC look-aside validation, historic: RFC 4431. */
export const DLV = RecordType.make("DLV", 32769, {
  keyTag: u16,
  algorithm: algorithm,
  digestType: digestType,
  digest: dsDigest
})
