import { algorithm, digestType } from "../fields/algorithms.ts"
import { hexRest } from "../fields/blobs.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** DS that a child wants: RFC 7344 3.1. */
export const CDS = RecordType.make("CDS", 59, {
  keyTag: u16,
  algorithm: algorithm,
  digestType: digestType,
  digest: hexRest
})
