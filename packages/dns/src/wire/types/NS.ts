import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Authoritative name server: RFC 1035 3.3.11. */
export const NS = RecordType.make(
  "NS",
  2,
  { host: compressedName },
  {
    read: (reader) => ({ host: compressedName.read(reader) }),
    write: (writer, data) => compressedName.write(writer, data.host)
  }
)
