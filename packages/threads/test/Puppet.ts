/** A crew without threads, and a clock that moves when told: the pool's policy is stepped through with both. */
import type { Crew, CrewEvents } from "#src/Crew"
import { type Ending, Job, type Listener, type OnInterrupt, Phase } from "#src/Job"
import { type Policy, Pool } from "#src/Pool"
import { type Fault, Mode } from "#src/protocol"

export class Puppet {
  readonly log: Array<string> = []
  readonly reports: Array<string> = []
  readonly pool: Pool
  /** Jobs that the crew holds and no worker has started, in order. */
  readonly offered: Array<Job> = []
  /** Jobs that the crew takes ahead of need, and those that it takes in all. */
  room = Infinity
  shared = Infinity
  readonly running = new Map<number, Array<Job>>()
  /** Jobs that a worker was assigned ahead of need, and how many of them it takes. */
  readonly inbox = new Map<number, Array<Job>>()
  inboxMost = 0
  readonly done = new Map<number, number>()
  time = 1
  /** Jobs on the caller's thread that are told to end later; undefined if they end at once. */
  runsHere: Array<readonly [Job, Pick<CrewEvents, "value">]> | undefined
  /** Jobs that have ended, of which the pool has not been told. */
  readonly endedUnseen = new Set<Job>()
  /** Names of jobs that cannot be sent. */
  readonly unsendable = new Set<unknown>()
  /** What is thrown by the next starts. */
  readonly startErrors: Array<Error> = []
  /** Called in each job's listener. */
  onAnswer: (name: string) => void = () => {}
  /** Called while the caller's thread begins a job. */
  onHere: (job: Job) => void = () => {}
  /** Whether a worker is gone by the time that it was told to. */
  endsAtOnce = false
  private alarms: Array<{ readonly at: number; readonly f: () => void }> = []
  private events!: CrewEvents

  private readonly callsPerThread: number

  constructor(policy: Partial<Policy>) {
    this.callsPerThread = policy.callsPerThread ?? 1
    this.pool = new Pool({
      policy: {
        minThreads: 1,
        maxThreads: 2,
        startsAtOnce: Infinity,
        callsPerThread: 1,
        queueLimit: 100,
        whenFull: "suspend",
        idleTimeout: 1_000,
        recycleAfter: Infinity,
        startTimeout: Infinity,
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
      runHere: (job, events) => {
        if (this.runsHere === undefined) events.value(job, "here")
        else this.runsHere.push([job, events])
        this.onHere(job)
        return {
          credit: (items) => void this.log.push(`${job.task} here: ${items} more`),
          abort: () => void this.log.push(`${job.task} here: abort`)
        }
      },
      report: (message, { detail, how }) => this.reports.push(`${message}: ${detail ?? how}`)
    })
  }

  private holds(job: Job): boolean {
    return [this.offered, ...this.running.values(), ...this.inbox.values()].some((jobs) => jobs.includes(job))
  }

  /** Alarms that are set. */
  get timers(): number {
    return this.alarms.length
  }

  private readonly crew: Crew = {
    start: (worker) => {
      this.log.push(`start ${worker}`)
      const error = this.startErrors.shift()
      if (error !== undefined) throw error
    },
    define: () => {},
    offer: (job) => {
      if (this.unsendable.has(job.task)) throw new TypeError("not clonable")
      if (this.offered.length >= this.room) return false
      job.phase = Phase.offered
      this.offered.push(job)
      return true
    },
    assign: (job, worker) => {
      if (this.shared <= [...this.running.values()].flat().length) return false
      const running = this.running.get(worker)
      if (running === undefined) return false
      const isBusy = running.length >= this.callsPerThread
      const inbox = this.inbox.get(worker) ?? []
      if (isBusy && inbox.length >= this.inboxMost) return false
      if (this.unsendable.has(job.task)) throw new TypeError("not clonable")
      job.phase = Phase.offered
      if (isBusy) this.inbox.set(worker, [...inbox, job])
      else this.run(worker, job)
      return true
    },
    revoke: (job) => {
      // A real crew knows a job by a number, which another one may have by now.
      if (!this.holds(job)) throw new Error(`the crew does not hold ${job.task}`)
      const at = this.offered.indexOf(job)
      if (at >= 0) this.offered.splice(at, 1)
      return at >= 0
    },
    recall: () => this.offered.splice(0),
    queued: () => this.offered.length,
    abort: () => void this.log.push("abort"),
    credit: (job, items) => void this.log.push(`${job.task}: ${items} more`),
    workerOf: (job) => job.worker,
    retire: (worker) => {
      this.log.push(`retire ${worker}`)
      return this.unbox(worker)
    },
    halt: (job) => {
      if (this.endedUnseen.has(job)) return false
      this.log.push(`terminate ${job.worker}`)
      return true
    },
    terminate: (worker) => {
      this.log.push(`terminate ${worker}`)
      if (this.endsAtOnce) this.exit(worker, { how: "terminated" })
    },
    isIdle: (worker) => this.running.get(worker)?.length === 0,
    figures: (worker) => ({ busy: 7, heapUsed: 0, done: this.done.get(worker) ?? 0 })
  }

  /** A call of this name; its answer goes to the log. */
  submit(
    name: string,
    options: { readonly key?: string; readonly priority?: number; readonly onInterrupt?: OnInterrupt } = {}
  ): Job {
    const order = {
      fn: 0,
      mode: Mode.value,
      args: [],
      key: options.key,
      priority: options.priority ?? 0,
      transfer: undefined,
      carry: undefined,
      onInterrupt: options.onInterrupt ?? ("abandon" as const)
    }
    const job = new Job(this.listener, order, name, () => {}, undefined)
    this.pool.submit(job)
    return job
  }

  private readonly listener: Listener = {
    succeed: (job, value) => {
      this.log.push(`${job.task}: ${String(value)}`)
      this.onAnswer(job.task)
    },
    threw: (job, fault) => {
      this.log.push(`${job.task} threw ${fault.name}`)
      this.onAnswer(job.task)
    },
    refused: (job, reason) => {
      this.log.push(`${job.task} refused: ${reason}`)
      this.onAnswer(job.task)
    },
    items: (job, items) => {
      this.log.push(`${job.task}: items ${items.join()}`)
      this.onAnswer(job.task)
    },
    progress: (job, value) => {
      this.log.push(`${job.task}: progress ${String(value)}`)
      this.onAnswer(job.task)
    },
    lost: (job, ending) => {
      this.log.push(`${job.task} lost: ${ending.detail ?? ending.how}`)
      this.onAnswer(job.task)
    }
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

  /** A worker ends what it runs, well or not, and takes up what it was assigned. */
  finish(worker: number, fault?: Fault): void {
    const job = this.running.get(worker)!.shift()!
    this.done.set(worker, this.done.get(worker)! + 1)
    const [next, ...rest] = this.inbox.get(worker) ?? []
    this.inbox.set(worker, rest)
    if (next !== undefined) this.run(worker, next)
    if (fault === undefined) this.events.value(job, "done")
    else this.events.threw(job, fault)
  }

  /** What the crew tells of a job, though the pool may not want to know any more. */
  tell(job: Job, what: "value" | "items" | "progress"): void {
    if (what === "value") this.events.value(job, "told")
    else if (what === "items") this.events.items(job, [1, 2])
    else this.events.progress(job, 0.5)
  }

  exit(worker: number, ending: Ending): void {
    const touched = this.running.get(worker) ?? []
    this.running.delete(worker)
    this.events.exited(worker, this.done.get(worker) ?? 0, ending, touched, this.unbox(worker))
  }

  private unbox(worker: number): ReadonlyArray<Job> {
    const jobs = this.inbox.get(worker) ?? []
    this.inbox.delete(worker)
    return jobs
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
