/** Unguessable numbers, drawn from the system's generator in pieces: one call of it for 2,048 of them. */
import { randomFillSync } from "node:crypto"

const pool = new Uint16Array(2_048)
let next = pool.length

/** 16 unguessable bits: a message id (RFC 5452 section 9.2). */
export const bits16 = (): number => {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  return pool[next++]!
}

/** A number from 0 to 1, 1 not included; of 32 unguessable bits. */
export const fraction = (): number => (bits16() * 0x10000 + bits16()) / 0x100000000

/** So many unguessable octets. */
export const octets = (count: number): Uint8Array => randomFillSync(new Uint8Array(count))
