import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Application visibility and control, in the form of TXT (IANA registration). */
export const AVC = RecordType.make("AVC", 258, { strings: charStrings })
