import { locator64 } from "../fields/identifiers.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Locator of ILNPv6: RFC 6742 2.3. */
export const L64 = RecordType.make("L64", 106, { preference: u16, locator: locator64 })
