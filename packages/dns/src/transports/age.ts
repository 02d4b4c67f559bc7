/** TTLs of an answer that lay in a cache of HTTP's on its way (RFC 8484 section 5.1). */
import { DecodeError } from "../wire/DecodeError.ts"
import { Reader } from "../wire/Reader.ts"
import * as Name from "../wire/Name.ts"
import * as ResourceRecord from "../wire/ResourceRecord.ts"

const opt = 41

/** Seconds that an `Age` field says (RFC 9111 section 5.1); 0 for one that makes no sense. */
export const seconds = (field: string | ReadonlyArray<string> | undefined): number =>
  typeof field === "string" && /^\d{1,10}$/.test(field) ? Number(field) : 0

/** Takes the age off every TTL of a message, in place. Octets that are no message are left for the decoder to refuse. */
export const take = (octets: Uint8Array, age: number): void => {
  if (age === 0 || octets.length < 12) return
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const reader = new Reader(octets, 12)
  try {
    for (let left = view.getUint16(4); left > 0; left--) {
      Name.skip(reader)
      reader.skip(4)
    }
    for (let left = view.getUint16(6) + view.getUint16(8) + view.getUint16(10); left > 0; left--) {
      const fixed = ResourceRecord.skip(reader)
      // What looks like the TTL of an OPT record is flags (RFC 6891 section 6.1.3).
      if (view.getUint16(fixed) !== opt) view.setUint32(fixed + 4, Math.max(0, view.getUint32(fixed + 4) - age))
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}
