import { u16 } from "../fields/numbers.ts"
import { restString } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Uniform resource identifier: RFC 7553 4. */
export const URI = RecordType.make("URI", 256, { priority: u16, weight: u16, target: restString })
