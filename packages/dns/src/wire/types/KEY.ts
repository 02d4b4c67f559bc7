import { algorithm } from "../fields/algorithms.ts"
import { base64Rest } from "../fields/blobs.ts"
import { u16, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Public key of SIG(0) and TKEY: RFC 2535 3, RFC 3445. */
export const KEY = RecordType.make("KEY", 25, { flags: u16, protocol: u8, algorithm: algorithm, publicKey: base64Rest })
