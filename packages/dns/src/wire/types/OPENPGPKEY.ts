import { base64Rest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** OpenPGP public key: RFC 7929 2. */
export const OPENPGPKEY = RecordType.make("OPENPGPKEY", 61, { publicKey: base64Rest })
