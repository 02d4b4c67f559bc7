import type { Field } from "../Field.ts"
import { name } from "../fields/names.ts"
import { enumerated, u16 } from "../fields/numbers.ts"
import { type } from "../fields/types.ts"
import * as RecordType from "../RecordType.ts"

const scheme: Field<number> = {
  ...enumerated(8, { NOTIFY: 1 }),
  print: (value) => (value === 1 ? "NOTIFY" : String(value))
}

/** Where to notify a parent: RFC 9859 2. */
export const DSYNC = RecordType.make("DSYNC", 66, { rrtype: type, scheme, port: u16, target: name })
