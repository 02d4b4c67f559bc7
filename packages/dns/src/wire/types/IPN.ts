import { u64 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Node number of the bundle protocol: RFC 9890. */
export const IPN = RecordType.make("IPN", 264, { node: u64 })
