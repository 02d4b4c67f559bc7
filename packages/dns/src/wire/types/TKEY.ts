import { base64After16 } from "../fields/blobs.ts"
import { name } from "../fields/names.ts"
import { u16, u32 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

const octets = base64After16({ counted: false })

/** Octets at the end, which text leaves out when there are none. */
const other: typeof octets = {
  ...octets,
  parse: (tokens) => (tokens.left === 0 ? new Uint8Array(0) : octets.parse(tokens)),
  print: (value, style) => (value.length === 0 ? "" : octets.print(value, style))
}

/** Transaction key: RFC 2930 2. It has no presentation format of its own; ours is that of dnspython. */
export const TKEY = RecordType.make("TKEY", 249, {
  algorithm: name,
  inception: u32,
  expiration: u32,
  mode: u16,
  error: u16,
  key: octets,
  other
})
