import { compressedName } from "../fields/names.ts"
import { seconds, u32 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Start of a zone of authority: RFC 1035 3.3.13; `minimum` is the TTL of negative answers, RFC 2308 4. */
export const SOA = RecordType.make("SOA", 6, {
  primary: compressedName,
  admin: compressedName,
  serial: u32,
  refresh: seconds,
  retry: seconds,
  expire: seconds,
  minimum: seconds
})
