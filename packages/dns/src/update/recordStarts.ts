import { nameEnd } from "../zone/canonical.ts"

/** Where a record is in the octets of a message. */
export interface Place {
  readonly start: number
  readonly type: number
  /** Where the rdata starts, and where it and the record end. */
  readonly data: number
  readonly end: number
}

/** Where each record of a message is. The octets must be a message that decodes. */
export const recordStarts = (octets: Uint8Array): Array<Place> => {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  let at = 12
  for (let i = view.getUint16(4); i > 0; i--) at = pastName(octets, at) + 4
  const places: Array<Place> = []
  for (let i = view.getUint16(6) + view.getUint16(8) + view.getUint16(10); i > 0; i--) {
    const fixed = pastName(octets, at)
    const end = fixed + 10 + view.getUint16(fixed + 8)
    places.push({ start: at, type: view.getUint16(fixed), data: fixed + 10, end })
    at = end
  }
  return places
}

/** Where a name that may end in a pointer ends in place. */
const pastName = (octets: Uint8Array, at: number): number => {
  for (;;) {
    const length = octets[at]!
    if (length >= 0xc0) return at + 2
    if (length === 0) return nameEnd(octets, at)
    at += length + 1
  }
}
