/**
 * Jobs in the order of arrival. Those that were given up meanwhile are skipped when their turn comes, and cleared away
 * before they outnumber the rest: a line that does not move must not grow with every call that comes and is given up.
 */
import { type Job, Phase } from "./Job.ts"

/** Places in a line, or in the heap of `Waiting`, that jobs which are gone may hold beside as many as wait. */
export const slack = 32

export class Line {
  private jobs: Array<Job> = []
  private next = 0
  /** Jobs that wait in it. */
  count = 0

  add(job: Job): void {
    this.jobs.push(job)
    this.count++
  }

  take(): Job | undefined {
    const { jobs } = this
    while (this.next < jobs.length) {
      const job = jobs[this.next++]!
      if (job.phase !== Phase.waiting) continue
      this.count--
      this.tidy()
      return job
    }
    return undefined
  }

  /** Undoes `take`: the job is first again. */
  putBack(job: Job): void {
    if (this.next > 0) this.jobs[--this.next] = job
    else this.jobs.unshift(job)
    this.count++
  }

  /** One of its jobs was given up. */
  forget(): void {
    this.count--
    this.tidy()
  }

  /** Takes all that wait. */
  drain(): Array<Job> {
    const all = this.waiting()
    this.jobs = []
    this.next = this.count = 0
    return all
  }

  private tidy(): void {
    if (this.jobs.length <= 2 * this.count + slack) return
    this.jobs = this.waiting()
    this.next = 0
  }

  private waiting(): Array<Job> {
    return this.jobs.slice(this.next).filter(({ phase }) => phase === Phase.waiting)
  }
}
