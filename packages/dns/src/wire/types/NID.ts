import { locator64 } from "../fields/identifiers.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Node identifier of ILNP: RFC 6742 2.1. */
export const NID = RecordType.make("NID", 104, { preference: u16, nodeId: locator64 })
