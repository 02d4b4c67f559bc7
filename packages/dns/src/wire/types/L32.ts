import { ipv4 } from "../fields/addresses.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Locator of ILNPv4: RFC 6742 2.2. */
export const L32 = RecordType.make("L32", 105, { preference: u16, locator: ipv4 })
