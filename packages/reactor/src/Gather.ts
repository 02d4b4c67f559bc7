/** Collects octets until an end that was stated; the end need not fall on a chunk's. */
import type { Until } from "@handoff/core"

/** `more`: go on. `complete`: the end came. `tooLong`: it did not come within the limit. */
export type Verdict = "more" | "complete" | "tooLong"

/** Octets of the reply, if this chunk, the first, has its end in it; otherwise -1. */
export const wholeIn = (chunk: Uint8Array, until: Until): number => {
  if (until._tag === "Octets") return chunk.length >= until.octets ? until.octets : -1
  if (until._tag !== "Delimiter") return -1
  const at = asBuffer(chunk).indexOf(until.delimiter)
  return at < 0 ? -1 : at + until.delimiter.length
}

export class Gather {
  readonly #until: Until
  readonly #maxOctets: number
  #buffer: Buffer | undefined = undefined
  /** Octets held; once complete, octets of the reply. */
  length = 0
  /** Octets that came after the end, in the same chunk. */
  surplus = 0

  constructor(until: Until, maxOctets: number) {
    this.#until = until
    this.#maxOctets = maxOctets
  }

  /** Copies what it keeps. */
  push(chunk: Uint8Array): Verdict {
    const until = this.#until
    switch (until._tag) {
      case "Octets": {
        const missing = until.octets - this.length
        this.#append(chunk, Math.min(missing, chunk.length))
        if (chunk.length < missing) return "more"
        this.surplus = chunk.length - missing
        return "complete"
      }
      case "Delimiter": {
        const { delimiter } = until
        // Only what is new is searched, and the tail in which a delimiter may have begun.
        const before = this.length
        const from = Math.max(0, before - delimiter.length + 1)
        if (before === 0) {
          const at = asBuffer(chunk).indexOf(delimiter)
          const end = at + delimiter.length
          if (at >= 0) {
            if (end > this.#maxOctets) return "tooLong"
            this.#append(chunk, end)
            this.surplus = chunk.length - end
            return "complete"
          }
          if (chunk.length > this.#maxOctets) return "tooLong"
          this.#append(chunk, chunk.length)
          return "more"
        }
        this.#append(chunk, chunk.length)
        const at = this.#buffer!.subarray(0, this.length).indexOf(delimiter, from)
        if (at < 0) return this.length > this.#maxOctets ? "tooLong" : "more"
        const end = at + delimiter.length
        if (end > this.#maxOctets) return "tooLong"
        this.surplus = this.length - end
        this.length = end
        return "complete"
      }
      default: {
        if (this.length + chunk.length > this.#maxOctets) return "tooLong"
        this.#append(chunk, chunk.length)
        return "more"
      }
    }
  }

  /** What was collected, in memory of its own. */
  take(): Uint8Array {
    const octets = new Uint8Array(this.length)
    if (this.#buffer !== undefined) octets.set(this.#buffer.subarray(0, this.length))
    return octets
  }

  #append(chunk: Uint8Array, count: number): void {
    const needed = this.length + count
    if (this.#buffer === undefined) this.#buffer = Buffer.allocUnsafe(needed)
    else if (this.#buffer.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#buffer.length * 2, this.#maxOctets)))
      this.#buffer.copy(grown, 0, 0, this.length)
      this.#buffer = grown
    }
    this.#buffer.set(count === chunk.length ? chunk : chunk.subarray(0, count), this.length)
    this.length = needed
  }
}

const asBuffer = (octets: Uint8Array): Buffer =>
  octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
