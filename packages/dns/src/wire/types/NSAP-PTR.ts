import { name } from "../fields/names.ts"
import * as RecordType from "../RecordType.ts"

/** Name of an OSI NSAP: RFC 1348, obsolete. */
export const NSAP_PTR = RecordType.makeInternet("NSAP-PTR", 23, { host: name })
