import { fail } from "./DecodeError.ts"
import * as limits from "./limits.ts"
import type { NameCache } from "./NameCache.ts"

/**
 * A cursor over octets: `offset` moves towards `end`, which is the end of the rdata while rdata is read. Every read
 * checks its bound; `octets` is the whole message, since names may point back into it.
 */
export class Reader {
  octets: Uint8Array
  offset: number
  end: number
  /** Labels and pointers that may still be looked at: see `limits.stepsPerMessage`. */
  steps = limits.stepsPerMessage
  /** Names of this message read lately, by offset. */
  names: NameCache | undefined

  constructor(octets: Uint8Array, offset = 0, end = octets.length) {
    this.octets = octets
    this.offset = offset
    this.end = end
  }

  /** Moves over `count` octets and returns where they start. */
  skip(count: number): number {
    const start = this.offset
    if (start + count > this.end) fail("rdata", start, `${count} octets wanted, ${this.end - start} left`)
    this.offset = start + count
    return start
  }

  u8(): number {
    return this.octets[this.skip(1)]!
  }

  u16(): number {
    const start = this.skip(2)
    return (this.octets[start]! << 8) | this.octets[start + 1]!
  }

  u32(): number {
    const start = this.skip(4)
    const octets = this.octets
    return octets[start]! * 0x1000000 + ((octets[start + 1]! << 16) | (octets[start + 2]! << 8) | octets[start + 3]!)
  }

  u48(): number {
    return this.u16() * 0x100000000 + this.u32()
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  /** A view of the next `count` octets, not a copy. */
  view(count: number): Uint8Array {
    const start = this.skip(count)
    return new Uint8Array(this.octets.buffer as ArrayBuffer, this.octets.byteOffset + start, count)
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.view(this.end - this.offset)
  }
}
