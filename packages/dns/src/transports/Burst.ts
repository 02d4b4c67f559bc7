/**
 * How many questions of one turn of the event loop leave together: all of them at its end, or half of those in flight as soon
 * as there are so many, for the server to work on them while the other half is made.
 *
 * Half of those in flight when a turn last ended. Those in flight now would not do: their number grows as the turn asks, so
 * that half of it would be reached again and again, in ever more and smaller bursts, which come back as they left.
 */
import * as limits from "../limits.ts"

export class Burst {
  private enough: number = limits.burst.most

  /** Whether so many that wait leave now, before the turn is over. */
  isDue(waiting: number): boolean {
    return waiting >= this.enough
  }

  /** A turn is over; so many are in flight now. */
  endTurn(inFlight: number): void {
    this.enough = Math.max(limits.burst.least, Math.min(limits.burst.most, Math.ceil(inFlight / 2)))
  }
}
