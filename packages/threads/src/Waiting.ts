/**
 * Jobs in the order of their rank, lowest first; equal ranks in the order of arrival. A binary heap, in which a job
 * that arrives in order costs one comparison. Jobs that ended meanwhile are skipped when their turn comes, and cleared
 * away before they outnumber the rest.
 */
import { type Job, Phase } from "./Job.ts"
import { slack } from "./Line.ts"

interface Entry {
  readonly job: Job
  readonly rank: number
  readonly arrival: number
}

const before = (a: Entry, b: Entry): boolean => a.rank < b.rank || (a.rank === b.rank && a.arrival < b.arrival)

export class Waiting {
  private heap: Array<Entry> = []
  private arrivals = 0
  private returns = 0
  /** Jobs that wait. */
  count = 0

  add(job: Job): void {
    this.count++
    this.insert({ job, rank: job.rank, arrival: this.arrivals++ })
  }

  private insert(entry: Entry): void {
    const { heap } = this
    let at = heap.length
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!before(entry, heap[up]!)) break
      heap[at] = heap[up]!
      at = up
    }
    heap[at] = entry
  }

  /** The job whose turn it is, without taking it. */
  peek(): Job | undefined {
    const { heap } = this
    while (heap.length > 0 && heap[0]!.job.phase !== Phase.waiting) this.drop()
    return heap[0]?.job
  }

  take(): Job | undefined {
    const job = this.peek()
    if (job === undefined) return undefined
    this.count--
    this.drop()
    return job
  }

  /** Undoes `take`: the job is first again, also of those of its rank. */
  putBack(job: Job): void {
    this.count++
    this.insert({ job, rank: job.rank, arrival: --this.returns })
  }

  /** One of the jobs has ended. */
  forget(): void {
    this.count--
    if (this.heap.length <= 2 * this.count + slack) return
    const before = this.heap
    this.heap = []
    for (const entry of before) if (entry.job.phase === Phase.waiting) this.insert(entry)
  }

  /** Takes all that wait. */
  drain(): Array<Job> {
    const all: Array<Job> = []
    for (let job = this.take(); job !== undefined; job = this.take()) all.push(job)
    return all
  }

  private drop(): void {
    const { heap } = this
    const last = heap.pop()!
    const size = heap.length
    if (size === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}
