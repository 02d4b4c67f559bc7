import { ipv4 } from "../fields/addresses.ts"
import * as RecordType from "../RecordType.ts"

/** Host address: RFC 1035 3.4.1. */
export const A = RecordType.makeInternet(
  "A",
  1,
  { address: ipv4 },
  {
    read: (reader) => ({ address: ipv4.read(reader) }),
    write: (writer, data) => ipv4.write(writer, data.address)
  }
)
