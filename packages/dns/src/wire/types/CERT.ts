import { algorithm } from "../fields/algorithms.ts"
import { base64Rest } from "../fields/blobs.ts"
import { enumerated, u16 } from "../fields/numbers.ts"
import type { Field } from "../Field.ts"
import * as RecordType from "../RecordType.ts"

const types = { PKIX: 1, SPKI: 2, PGP: 3, IPKIX: 4, ISPKI: 5, IPGP: 6, ACPKIX: 7, IACPKIX: 8, URI: 253, OID: 254 }

const names = new Map(Object.entries(types).map(([name, code]) => [code, name]))

const certificateType: Field<number> = {
  ...enumerated(16, types),
  print: (value) => names.get(value) ?? String(value)
}

/** Certificate: RFC 4398 2. */
export const CERT = RecordType.make("CERT", 37, {
  certificateType,
  keyTag: u16,
  algorithm,
  certificate: base64Rest
})
