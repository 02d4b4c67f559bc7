import { compressedName } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Mail exchange: RFC 1035 3.3.9. */
export const MX = RecordType.make(
  "MX",
  15,
  { preference: u16, exchange: compressedName },
  {
    read: (reader) => ({ preference: reader.u16(), exchange: compressedName.read(reader) }),
    write: (writer, data) => {
      writer.u16(data.preference)
      writer.compressible(data.exchange)
    }
  }
)
