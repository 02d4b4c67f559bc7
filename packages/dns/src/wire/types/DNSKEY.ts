import { algorithm } from "../fields/algorithms.ts"
import { base64Rest } from "../fields/blobs.ts"
import { u16, u8 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Public key of a zone: RFC 4034 2. */
export const DNSKEY = RecordType.make(
  "DNSKEY",
  48,
  {
    flags: u16,
    protocol: u8,
    algorithm: algorithm,
    publicKey: base64Rest
  },
  {
    read: (reader) => ({
      flags: reader.u16(),
      protocol: reader.u8(),
      algorithm: reader.u8(),
      publicKey: reader.rest()
    }),
    write: (writer, data) => {
      writer.u16(data.flags)
      writer.u8(data.protocol)
      writer.u8(data.algorithm)
      writer.bytes(data.publicKey)
    }
  }
)
