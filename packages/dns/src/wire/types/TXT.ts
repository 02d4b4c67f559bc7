import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Text strings: RFC 1035 3.3.14. */
export const TXT = RecordType.make(
  "TXT",
  16,
  { strings: charStrings },
  {
    read: (reader) => ({ strings: charStrings.read(reader) }),
    write: (writer, data) => charStrings.write(writer, data.strings)
  }
)
