import { generic } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** In a type bitmap: the name does not exist (RFC 9824 3.4). Never a record of its own. */
export const NXNAME = RecordType.make("NXNAME", 128, { octets: generic })
