/** Jobs that wait for a message, first come first served. Those given up meanwhile are passed over when taken. */
import type { Job } from "@handoff/core"

export class Waiting {
  private jobs: Array<Job<any>> = []
  /** Index of the oldest; taking from the front of an array is not constant time. */
  private oldest = 0

  /** Given-up jobs count until they are passed over. */
  get size(): number {
    return this.jobs.length - this.oldest
  }

  push(job: Job<any>): void {
    this.jobs.push(job)
  }

  /** Up to so many of the oldest that are still wanted; fewer, perhaps none, when given-up ones fill the front. */
  take(count: number): Array<Job<any>> {
    const taken: Array<Job<any>> = []
    while (taken.length < count && this.oldest < this.jobs.length) {
      const job = this.jobs[this.oldest++]!
      if (job.isOpen) taken.push(job)
    }
    if (this.oldest > 1024 && this.oldest * 2 > this.jobs.length) {
      this.jobs = this.jobs.slice(this.oldest)
      this.oldest = 0
    }
    return taken
  }

  /** Puts jobs that could not be sent before all others, in their order. */
  putBack(jobs: ReadonlyArray<Job<any>>): void {
    this.jobs = [...jobs, ...this.jobs.slice(this.oldest)]
    this.oldest = 0
  }
}
