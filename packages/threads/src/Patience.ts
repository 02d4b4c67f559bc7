/**
 * Whether it pays to look on for a moment before going to sleep. Where each side has a core of its own, the next call
 * or completion comes within microseconds and a sleep would cost ten times as much; where both share one, looking on
 * only keeps the other side from what is being waited for. Which it is shows in whether it has paid lately.
 */
import * as limits from "./limits.ts"

export class Patience {
  private readonly most: number
  private credit = limits.patienceCredit
  private rests = 0

  /** `most`: microseconds to look on while it pays. */
  constructor(most: number) {
    this.most = most
  }

  /** Microseconds to look on this time; 0 for not at all. Once in a while it is tried although it did not pay. */
  next(): number {
    if (this.credit > 0) return this.most
    this.rests++
    return this.rests % limits.patienceRests === 0 ? this.most : 0
  }

  paid(): void {
    if (this.credit < limits.patienceCredit) this.credit++
  }

  wasted(): void {
    if (this.credit > 0) this.credit--
  }
}
