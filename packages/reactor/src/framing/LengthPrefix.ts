/** Frames that begin with their payload's length in 8, 16, 32 or 64 bits, either end first. */
import type { Framing, Inlet, Options as Limits, Step } from "./Framing.ts"
import { maxOctetsOf, nothingLeft, tooLong } from "./Framing.ts"

/** The width of the length, and which octet comes first. */
export interface Options extends Limits {
  /** Bits of the length; default 32. */
  readonly bits?: 8 | 16 | 32 | 64 | undefined
  /** Default `big`, the network's order. */
  readonly end?: "big" | "little" | undefined
}

/** Frames that begin with their length. */
export const lengthPrefix = (options?: Options): Framing => {
  const bits = options?.bits ?? 32
  const big = options?.end !== "little"
  const header = bits / 8
  const max = Math.min(maxOctetsOf(options), 2 ** bits - 1)
  const name = `length prefix of ${bits} bits`
  const read = readers[`${bits}${big ? "b" : "l"}`]!
  return {
    name,
    next: (inlet: Inlet): Step => {
      const from = inlet.start + header
      if (from > inlet.end) return "more"
      const length = read(inlet.buffer, inlet.start)
      // Checked as soon as it is announced: nobody waits for, or pays for, what will not be taken.
      if (length > max) return tooLong(name, max, length)
      const to = from + length
      return to > inlet.end ? "more" : inlet.take(from, to, to)
    },
    last: nothingLeft(name),
    encode: (payload) => {
      const { length } = payload
      if (length > max) throw tooLong(name, max, length)
      const frame = Buffer.allocUnsafe(header + length)
      if (bits === 64) {
        if (big) frame.writeBigUInt64BE(BigInt(length))
        else frame.writeBigUInt64LE(BigInt(length))
      } else if (big) frame.writeUIntBE(length, 0, header)
      else frame.writeUIntLE(length, 0, header)
      frame.set(payload, header)
      return frame
    }
  }
}

/** By bits and end. Read octet by octet: an inlet's octets have no alignment, and this is what V8 does best. */
const readers: Readonly<Record<string, (buffer: Uint8Array, at: number) => number>> = {
  "8b": (buffer, at) => buffer[at]!,
  "8l": (buffer, at) => buffer[at]!,
  "16b": (buffer, at) => (buffer[at]! << 8) | buffer[at + 1]!,
  "16l": (buffer, at) => buffer[at]! | (buffer[at + 1]! << 8),
  "32b": (buffer, at) =>
    ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0,
  "32l": (buffer, at) =>
    (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)) >>> 0,
  // Above 2^53 a number loses its last bits; the limit has refused it long before.
  "64b": (buffer, at) => readers["32b"]!(buffer, at) * 2 ** 32 + readers["32b"]!(buffer, at + 4),
  "64l": (buffer, at) => readers["32l"]!(buffer, at) + readers["32l"]!(buffer, at + 4) * 2 ** 32
}
