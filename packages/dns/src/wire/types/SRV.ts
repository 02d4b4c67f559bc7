import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Location of a service: RFC 2782. */
export const SRV = RecordType.makeInternet("SRV", 33, { priority: u16, weight: u16, port: u16, target: name })
