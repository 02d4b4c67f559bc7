import { name } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Trust anchor history: draft-wijngaards-dnsop-trust-history. */
export const TALINK = RecordType.make("TALINK", 58, { previous: name, next: name })
