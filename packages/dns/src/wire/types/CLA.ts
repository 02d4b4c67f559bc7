import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Convergence layer adapter of the bundle protocol, in the form of TXT: RFC 9890. */
export const CLA = RecordType.make("CLA", 263, { strings: charStrings })
