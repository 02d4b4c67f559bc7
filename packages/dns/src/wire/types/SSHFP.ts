import { hexRest } from "../fields/blobs.ts"
import { u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** SSH key fingerprint: RFC 4255 3. */
export const SSHFP = RecordType.make("SSHFP", 44, { algorithm: u8, fingerprintType: u8, fingerprint: hexRest })
