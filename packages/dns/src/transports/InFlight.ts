/**
 * Questions in flight by their id: a hash table with open addressing, for which the ids are their own hashes, since they
 * are drawn at random. A third of a `Map`'s cost, and it never leaves garbage behind.
 *
 * A forger cannot crowd it: only ids that we drew are in it.
 */
import type { Ask } from "../Transport.ts"

const smallest = 64

export class InFlight {
  size = 0
  /** At most half of them are taken. An entry lies at its id or after it, with no hole in between. */
  private slots: Array<Ask | undefined> = empty(smallest)
  private mask = smallest - 1

  get(id: number): Ask | undefined {
    const { mask, slots } = this
    for (let at = id & mask; ; at = (at + 1) & mask) {
      const ask = slots[at]
      if (ask === undefined || ask.id === id) return ask
    }
  }

  /** Its id must not be there yet. */
  add(ask: Ask): void {
    if (2 * this.size > this.mask) this.grow()
    this.size++
    place(this.slots, this.mask, ask)
  }

  /** Whether it was there. */
  delete(id: number): boolean {
    const { mask, slots } = this
    let hole = id & mask
    for (;;) {
      const ask = slots[hole]
      if (ask === undefined) return false
      if (ask.id === id) break
      hole = (hole + 1) & mask
    }
    this.size--
    // What follows moves up, unless it would come to lie before its own place.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const ask = slots[at]
      if (ask === undefined) break
      if (((at - (ask.id & mask)) & mask) < ((at - hole) & mask)) continue
      slots[hole] = ask
      hole = at
    }
    slots[hole] = undefined
    return true
  }

  clear(): void {
    this.slots = empty(smallest)
    this.mask = smallest - 1
    this.size = 0
  }

  /** A copy: those in it may leave meanwhile. */
  all(): Array<Ask> {
    return this.slots.filter((ask) => ask !== undefined)
  }

  private grow(): void {
    const before = this.slots
    this.mask = 2 * before.length - 1
    this.slots = empty(2 * before.length)
    for (const ask of before) if (ask !== undefined) place(this.slots, this.mask, ask)
  }
}

const place = (slots: Array<Ask | undefined>, mask: number, ask: Ask): void => {
  let at = ask.id & mask
  while (slots[at] !== undefined) at = (at + 1) & mask
  slots[at] = ask
}

const empty = (length: number): Array<Ask | undefined> => Array.from({ length }, () => undefined)
