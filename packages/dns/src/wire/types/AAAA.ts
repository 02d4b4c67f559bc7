import { ipv6 } from "../fields/addresses.ts"
import * as RecordType from "../RecordType.ts"

/** IPv6 host address: RFC 3596 2.2. */
export const AAAA = RecordType.makeInternet(
  "AAAA",
  28,
  { address: ipv6 },
  {
    read: (reader) => ({ address: ipv6.read(reader) }),
    write: (writer, data) => ipv6.write(writer, data.address)
  }
)
