/** A crew without threads, and a clock that moves when told: the pool's policy is stepped through with both. */
import type { Crew, CrewEvents } from "#src/Crew"
import { type Ending, Job, type Listener, Phase } from "#src/Job"
import { type Policy, Pool } from "#src/Pool"
import { Mode } from "#src/protocol"

export class Puppet {
  readonly log: Array<string> = []
  readonly reports: Array<string> = []
  readonly pool: Pool
  /** Jobs that the crew holds and no worker has started, in order. */
  readonly offered: Array<Job> = []
  readonly running = new Map<number, Array<Job>>()
  readonly done = new Map<number, number>()
  time = 1
  private alarms: Array<{ readonly at: number; readonly f: () => void }> = []
  private events!: CrewEvents

  constructor(policy: Partial<Policy>) {
    this.pool = new Pool({
      policy: {
        minThreads: 1,
        maxThreads: 2,
        callsPerThread: 1,
        queueLimit: 100,
        whenFull: "suspend",
        idleTimeout: 1_000,
        recycleAfter: Infinity,
        stopTimeout: 100,
        pinKeys: false,
        hasStopHook: false,
        ...policy
      },
      alarm: {
        now: () => this.time,
        after: (milliseconds, f) => {
          const alarm = { at: this.time + milliseconds, f }
          this.alarms.push(alarm)
          return () => {
            this.alarms = this.alarms.filter((one) => one !== alarm)
          }
        }
      },
      crew: (events) => {
        this.events = events
        return this.crew
      },
      runHere: (job, events) => events.value(job, "here"),
      report: (message) => this.reports.push(message)
    })
  }

  private readonly crew: Crew = {
    start: (worker) => void this.log.push(`start ${worker}`),
    define: () => {},
    offer: (job) => {
      job.phase = Phase.offered
      this.offered.push(job)
      return true
    },
    assign: (job, worker) => {
      if ((this.running.get(worker)?.length ?? 1) > 0) return false
      job.phase = Phase.offered
      this.run(worker, job)
      return true
    },
    revoke: (job) => {
      const at = this.offered.indexOf(job)
      if (at >= 0) this.offered.splice(at, 1)
      return at >= 0
    },
    recall: () => this.offered.splice(0),
    queued: () => this.offered.length,
    abort: () => void this.log.push("abort"),
    credit: () => {},
    workerOf: (job) => job.worker,
    retire: (worker) => void this.log.push(`retire ${worker}`),
    terminate: (worker) => void this.log.push(`terminate ${worker}`),
    isIdle: (worker) => this.running.get(worker)?.length === 0,
    figures: (worker) => ({ busy: 0, heapUsed: 0, done: this.done.get(worker) ?? 0 })
  }

  /** A call of this name; its answer goes to the log. */
  submit(name: string, options: { readonly key?: string; readonly priority?: number } = {}): Job {
    const order = {
      fn: 0,
      mode: Mode.value,
      args: [],
      key: options.key,
      priority: options.priority ?? 0,
      transfer: undefined,
      carry: undefined,
      onInterrupt: "abandon" as const
    }
    const job = new Job(this.listener, order, name, () => {}, undefined)
    this.pool.submit(job)
    return job
  }

  private readonly listener: Listener = {
    succeed: (job, value) => void this.log.push(`${job.task}: ${String(value)}`),
    threw: (job, fault) => void this.log.push(`${job.task} threw ${fault.name}`),
    refused: (job, reason) => void this.log.push(`${job.task} refused: ${reason}`),
    lost: (job, ending) => void this.log.push(`${job.task} lost: ${ending.detail ?? ending.how}`)
  }

  ready(worker: number): void {
    this.running.set(worker, [])
    this.done.set(worker, 0)
    this.events.ready(worker)
  }

  private run(worker: number, job: Job): void {
    job.worker = worker
    this.running.get(worker)!.push(job)
  }

  /** A worker starts what is next; its name. */
  take(worker: number): string | undefined {
    const job = this.offered.shift()
    if (job !== undefined) this.run(worker, job)
    return job?.task
  }

  /** A worker ends what it runs. */
  finish(worker: number): void {
    const job = this.running.get(worker)!.shift()!
    this.done.set(worker, this.done.get(worker)! + 1)
    this.events.value(job, "done")
  }

  exit(worker: number, ending: Ending): void {
    const touched = this.running.get(worker) ?? []
    this.running.delete(worker)
    this.events.exited(worker, this.done.get(worker) ?? 0, ending, touched, [])
  }

  /** Lets time pass; alarms go off in order. */
  pass(milliseconds: number): void {
    const until = this.time + milliseconds
    for (;;) {
      const next = this.alarms.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.alarms = this.alarms.filter((one) => one !== next)
      this.time = next.at
      next.f()
    }
    this.time = until
  }

  /** What was logged since the last time. */
  news(): Array<string> {
    return this.log.splice(0)
  }
}
