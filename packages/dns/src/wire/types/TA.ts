import { algorithm, digestType, dsDigest } from "../fields/algorithms.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Trust anchor: a DS for names that are not signed from above (Weiler 2004). */
export const TA = RecordType.make("TA", 32768, {
  keyTag: u16,
  algorithm: algorithm,
  digestType: digestType,
  digest: dsDigest
})
