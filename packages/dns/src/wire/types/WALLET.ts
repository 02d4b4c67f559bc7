import { charStrings } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Public wallet address, in the form of TXT (IANA registration). */
export const WALLET = RecordType.make("WALLET", 262, { strings: charStrings })
