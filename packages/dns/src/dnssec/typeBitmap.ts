/** The set of types in NSEC and NSEC3 (RFC 4034 4.1.2). */

/** The octets of a set of type codes. */
export const make = (codes: Iterable<number>): Uint8Array => {
  const sorted = Array.from(new Set(codes)).toSorted((a, b) => a - b)
  const out: Array<number> = []
  for (let i = 0; i < sorted.length;) {
    const window = sorted[i]! >> 8
    const bits: Array<number> = []
    for (; i < sorted.length && sorted[i]! >> 8 === window; i++) {
      const code = sorted[i]! & 255
      while (bits.length <= code >> 3) bits.push(0)
      bits[code >> 3]! |= 0x80 >> (code & 7)
    }
    out.push(window, bits.length, ...bits)
  }
  return Uint8Array.from(out)
}

/** Whether a type is in the set that starts at `at`. */
export const has = (rdata: Uint8Array, at: number, code: number): boolean => {
  while (at + 2 <= rdata.length) {
    const length = rdata[at + 1]!
    if (rdata[at] === code >> 8) {
      const low = code & 255
      return low >> 3 < length && (rdata[at + 2 + (low >> 3)]! & (0x80 >> (low & 7))) !== 0
    }
    at += 2 + length
  }
  return false
}
