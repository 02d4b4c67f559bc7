import { fail } from "./EncodeError.ts"
import * as limits from "./limits.ts"
import type { Name } from "./Name.ts"

/**
 * Where octets are written. There is one scratch buffer of the largest message for all (`borrow`), because encoding is
 * synchronous; what is handed out is a copy of what was written.
 *
 * Compression (RFC 1035 4.1.4) keeps a tree of the labels written so far, hashed by (offset of the parent, label): one
 * look-up per label finds the longest suffix already there. Only exact octets match, so the case of every name is kept.
 */
export class Writer {
  // Slack after the largest message: fixed-size fields need not check, `check` does once per record.
  readonly octets = new Uint8Array(limits.messageOctets + 1_024)
  offset = 0
  /** Whether names may be compressed; off for canonical forms. */
  compress = true
  private message = 0
  private entries = 0

  // A slot is used when `slotMessage` is this message; so starting a message clears nothing.
  // Counted in doubles, which never wrap: a number that came again would make a pointer of a name that is not there.
  private readonly slotMessage = new Float64Array(slots)
  private readonly slotOffset = new Uint16Array(slots)
  private readonly slotParent = new Uint16Array(slots)

  start(compress: boolean): void {
    this.offset = 0
    this.compress = compress
    this.entries = 0
    this.message = ++messagesStarted
  }

  /**
   * A copy of what was written. A small one shares its memory with others made at about that time, as Node's Buffers do:
   * an array buffer for each would cost five times the copying.
   */
  take(): Uint8Array {
    this.check()
    const length = this.offset
    if (length > slabOctets / 8) return this.octets.slice(0, length)
    if (slabUsed + length > slabOctets) {
      slab = new ArrayBuffer(slabOctets)
      slabUsed = 0
    }
    const copy = new Uint8Array(slab, slabUsed, length)
    slabUsed += (length + 7) & ~7
    copy.set(this.octets.subarray(0, length))
    return copy
  }

  check(): void {
    if (this.offset > limits.messageOctets) fail("message over 65535 octets")
  }

  u8(value: number): void {
    if (value >>> 0 !== value || value > 0xff) fail(`not an integer of 8 bits: ${value}`)
    this.octets[this.offset++] = value
  }

  u16(value: number): void {
    if (value >>> 0 !== value || value > 0xffff) fail(`not an integer of 16 bits: ${value}`)
    const octets = this.octets
    octets[this.offset++] = value >> 8
    octets[this.offset++] = value
  }

  u32(value: number): void {
    if (value >>> 0 !== value) fail(`not an integer of 32 bits: ${value}`)
    const octets = this.octets
    octets[this.offset++] = value >>> 24
    octets[this.offset++] = value >>> 16
    octets[this.offset++] = value >>> 8
    octets[this.offset++] = value
  }

  u48(value: number): void {
    if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 48)) fail(`not an integer of 48 bits: ${value}`)
    this.u16(Math.floor(value / 0x100000000))
    this.u32(value % 0x100000000)
  }

  u64(value: bigint): void {
    if (!(value >= 0n && value < 1n << 64n)) fail(`not an integer of 64 bits: ${value}`)
    this.u32(Number(value >> 32n))
    this.u32(Number(value & 0xffffffffn))
  }

  bytes(value: Uint8Array): void {
    const end = this.offset + value.length
    if (end > limits.messageOctets) fail("message over 65535 octets")
    this.octets.set(value, this.offset)
    this.offset = end
  }

  /** Keeps two octets for a length, to be filled by `close`. */
  open(): number {
    this.offset += 2
    return this.offset
  }

  /** Fills the length of what was written since `open` returned `start`. */
  close(start: number): void {
    const length = this.offset - start
    if (this.offset > limits.messageOctets) fail("message over 65535 octets")
    this.octets[start - 2] = length >> 8
    this.octets[start - 1] = length
  }

  /** A name that may be compressed: owners, and the rdata of RFC 1035 types (RFC 3597 4). */
  compressible(name: Name): void {
    if (!this.compress) return this.name(name)
    if (name.writtenIn === this.message) {
      const octets = this.octets
      octets[this.offset++] = 0xc0 | (name.writtenAt >> 8)
      octets[this.offset++] = name.writtenAt
      return
    }
    const source = name.octets
    if (source.length === 1) {
      this.octets[this.offset++] = 0
      return
    }
    this.writeCompressed(name, source)
  }

  private writeCompressed(name: Name, source: Uint8Array): void {
    let count = 0
    for (let at = 0; source[at] !== 0; at += source[at]! + 1) starts[count++] = at
    const out = this.octets
    // From the right: the longest suffix that is already written.
    let parent = noParent
    let slot = 0
    while (count > 0) {
      slot = this.find(source, starts[count - 1]!, parent)
      if (this.slotMessage[slot] !== this.message) break
      parent = this.slotOffset[slot]!
      count--
    }
    const start = this.offset
    if (start + source.length > limits.messageOctets) fail("message over 65535 octets")
    const copied = count === 0 ? 0 : starts[count - 1]! + source[starts[count - 1]!]! + 1
    for (let i = 0; i < copied; i++) out[start + i] = source[i]!
    // The labels written now are there for later names, right to left, as long as a pointer reaches them.
    let ancestor = parent
    for (let i = count - 1; i >= 0; i--) {
      const at = start + starts[i]!
      if (at >= limits.pointerReach || this.entries >= maxEntries) break
      if (i !== count - 1) slot = this.find(source, starts[i]!, ancestor)
      this.slotMessage[slot] = this.message
      this.slotOffset[slot] = at
      this.slotParent[slot] = ancestor
      this.entries++
      ancestor = at
    }
    let end = start + copied
    if (parent === noParent) out[end++] = 0
    else {
      out[end++] = 0xc0 | (parent >> 8)
      out[end++] = parent
    }
    this.offset = end
    const whole = count === 0 ? parent : start
    if (whole < limits.pointerReach) {
      name.writtenIn = this.message
      name.writtenAt = whole
    }
  }

  /** The slot of a label under `parent`: where it is, or the free one where it would go. */
  private find(source: Uint8Array, at: number, parent: number): number {
    const length = source[at]!
    let hash = Math.imul(parent, 0x9e3779b1) ^ length
    for (let i = at + 1; i <= at + length; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193)
    let slot = (hash ^ (hash >>> 15)) & (slots - 1)
    const out = this.octets
    for (; this.slotMessage[slot] === this.message; slot = (slot + 1) & (slots - 1)) {
      if (this.slotParent[slot] !== parent) continue
      const offset = this.slotOffset[slot]!
      let i = 0
      while (i <= length && out[offset + i] === source[at + i]) i++
      if (i > length) break
    }
    return slot
  }

  /** A name as it is, never compressed and never the target of a pointer. */
  name(name: Name): void {
    this.bytes(name.octets)
  }
}

/** What one kept message can keep from being freed, at most. */
const slabOctets = 16_384
let slab = new ArrayBuffer(slabOctets)
let slabUsed = 0

// At most half full, so probing stays short.
const slots = 8_192
const maxEntries = slots / 2
const noParent = 0xffff
const starts = new Uint8Array(128)
let messagesStarted = 0

/** The one writer that every message is encoded with. */
export const shared = new Writer()
