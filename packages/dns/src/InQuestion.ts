import type { Pending } from "./Pending.ts"

/**
 * The questions of one type and view that are in flight, by name.
 *
 * A `Map` straight to them would keep them alive long after their end. V8 makes a map's table anew every so many deletions, and the
 * old table points to the new one: once one of them has grown old, all that come after it, with all that was in them, live
 * until the next major collection. That was half of all that a question takes, and a quarter of its time. So the map has
 * numbers, places in a list.
 */
export class InQuestion {
  private readonly places = new Map<string, number>()
  private readonly list: Array<Pending | undefined> = []
  private readonly free: Array<number> = []

  get size(): number {
    return this.places.size
  }

  get(key: string): Pending | undefined {
    const place = this.places.get(key)
    return place === undefined ? undefined : this.list[place]
  }

  has(key: string): boolean {
    return this.places.has(key)
  }

  /** There must be none of its name yet. */
  add(pending: Pending): void {
    const place = this.free.pop() ?? this.list.length
    pending.place = place
    this.list[place] = pending
    this.places.set(pending.key, place)
  }

  /** It must be there. */
  delete(pending: Pending): void {
    const { free, list, places } = this
    places.delete(pending.key)
    list[pending.place] = undefined
    free.push(pending.place)
    // What many at once have needed is not kept for few.
    if (places.size === 0 && list.length > most) list.length = free.length = 0
  }

  /** A copy: those in it may leave meanwhile. */
  all(): Array<Pending> {
    return this.list.filter((pending) => pending !== undefined)
  }
}

/** Places that are kept without a question in any of them. */
const most = 1_024
