import { name } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Responsible person: RFC 1183 2.2. */
export const RP = RecordType.make("RP", 17, { mailbox: name, text: name })
