import { base64After16 } from "../fields/blobs.ts"
import type { Field } from "../Field.ts"
import { name } from "../fields/names.ts"
import { enumerated, u16, u48 } from "../fields/numbers.ts"
import * as Rcode from "../Rcode.ts"
import * as RecordType from "../RecordType.ts"

const counted = base64After16({ counted: true })

const codes = Object.fromEntries(Array.from({ length: 24 }, (_, code) => [Rcode.errorNameOf(code), code]))

const error: Field<number> = {
  ...enumerated(16, codes),
  print: (value) =>
    value < 24 && codes[Rcode.errorNameOf(value)] !== undefined ? Rcode.errorNameOf(value) : String(value)
}

/** Transaction signature: RFC 8945 4.2. Text is that of BIND: octets come after their count. */
export const TSIG = RecordType.make("TSIG", 250, {
  algorithm: name,
  timeSigned: u48,
  fudge: u16,
  mac: counted,
  originalId: u16,
  error,
  other: counted
})
