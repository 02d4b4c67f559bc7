/** Jobs that wait for a message, first come first served. Those given up meanwhile are passed over when taken. */

/** What waits; a `Job` of core's. */
export interface Waits {
  readonly isOpen: boolean
}

export class Waiting<J extends Waits> {
  private jobs: Array<J> = []
  /** Index of the oldest; taking from the front of an array is not constant time. */
  private oldest = 0
  /** Of those from the oldest on, how many were given up. */
  private givenUp = 0

  /** Those that are still wanted. */
  get size(): number {
    return this.jobs.length - this.oldest - this.givenUp
  }

  /** Those that are held, wanted or not: twice `size` at most, and some. */
  get held(): number {
    return this.jobs.length - this.oldest
  }

  push(job: J): void {
    this.jobs.push(job)
  }

  /**
   * One that waits here was given up: its `release`. So that they do not pile up while nobody takes, many of them are
   * thrown out.
   */
  readonly release = (): void => {
    this.givenUp++
    if (this.givenUp > 1024 && this.givenUp * 2 > this.held) this.keep(this.jobs.slice(this.oldest))
  }

  /** Up to so many of the oldest that are still wanted. */
  take(count: number): Array<J> {
    const taken: Array<J> = []
    while (taken.length < count && this.oldest < this.jobs.length) {
      const job = this.jobs[this.oldest++]!
      if (job.isOpen) taken.push(job)
      else this.givenUp--
    }
    if (this.oldest > 1024 && this.oldest * 2 > this.jobs.length) {
      this.jobs = this.jobs.slice(this.oldest)
      this.oldest = 0
    }
    return taken
  }

  /** Puts jobs that could not be sent before all others, in their order. */
  putBack(jobs: ReadonlyArray<J>): void {
    this.keep([...jobs, ...this.jobs.slice(this.oldest)])
  }

  private keep(jobs: ReadonlyArray<J>): void {
    this.jobs = jobs.filter(({ isOpen }) => isOpen)
    this.oldest = 0
    this.givenUp = 0
  }
}
