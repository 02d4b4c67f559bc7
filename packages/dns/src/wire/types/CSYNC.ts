import { u16, u32 } from "../fields/numbers.ts"
import { typeBitmap } from "../fields/types.ts"
import * as RecordType from "../RecordType.ts"

/** What a parent should copy from its child: RFC 7477 2. */
export const CSYNC = RecordType.make("CSYNC", 62, { serial: u32, flags: u16, types: typeBitmap })
