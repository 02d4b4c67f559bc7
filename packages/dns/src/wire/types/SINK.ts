import { base64Rest } from "../fields/blobs.ts"
import { u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Kitchen sink: draft-eastlake-kitchen-sink, with the octet of meaning that BIND has. */
export const SINK = RecordType.make("SINK", 40, { meaning: u8, coding: u8, subcoding: u8, data: base64Rest })
