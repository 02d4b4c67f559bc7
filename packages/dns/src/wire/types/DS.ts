import { algorithm, digestType, dsDigest } from "../fields/algorithms.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Delegation signer: RFC 4034 5. */
export const DS = RecordType.make("DS", 43, {
  keyTag: u16,
  algorithm: algorithm,
  digestType: digestType,
  digest: dsDigest
})
