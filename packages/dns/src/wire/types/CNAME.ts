import { compressedName } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Canonical name of an alias: RFC 1035 3.3.1. */
export const CNAME = RecordType.make(
  "CNAME",
  5,
  { target: compressedName },
  {
    read: (reader) => ({ target: compressedName.read(reader) }),
    write: (writer, data) => compressedName.write(writer, data.target)
  }
)
