/**
 * The policy of a pool: when workers start, retire and are replaced; which job goes next. It knows no threads: workers
 * are behind `Crew`, time is behind `Alarm`, so that a test steps through it.
 *
 * A job is offered to the crew at once while nothing else waits; whichever worker is free first runs it. What the crew
 * has no room for waits here, ordered by rank: the time it came, minus one second per unit of priority. So a higher
 * priority runs earlier, and nothing starves. Jobs of one key are let go one at a time.
 *
 * Invariants:
 * - `outstanding` counts the jobs that somebody still waits for; `abandoned` those that nobody does but that still run.
 * - A job is answered through its listener exactly once, except when its caller gave it up: then never.
 * - While a job waits and fewer than `maxThreads` workers live, one is being started or a back-off is being waited for.
 */
import type { Crew, CrewEvents, Figures } from "./Crew.ts"
import { type Ending, type Job, Phase, Place } from "./Job.ts"
import * as limits from "./limits.ts"
import { Waiting } from "./Waiting.ts"

export interface Policy {
  readonly minThreads: number
  readonly maxThreads: number
  readonly callsPerThread: number
  readonly queueLimit: number
  /** `suspend`: the caller waits for room. `reject`: `Overloaded`. `caller-runs`: on the caller's own thread. */
  readonly whenFull: "suspend" | "reject" | "caller-runs"
  readonly idleTimeout: number
  readonly recycleAfter: number
  readonly stopTimeout: number
  /** Calls of one key always run on the same thread, as long as it lives. */
  readonly pinKeys: boolean
  /** Whether workers have something to do when they stop: otherwise an idle one is ended without asking. */
  readonly hasStopHook: boolean
}

/** Time, for the policy. */
export interface Alarm {
  readonly now: () => number
  /** Calls `f` after so many milliseconds, unless the returned function is called first. */
  readonly after: (milliseconds: number, f: () => void) => () => void
}

interface Member {
  state: "starting" | "ready" | "retiring"
  /** Jobs done when the idle check last looked. */
  doneBefore: number
  /** Jobs that ended here, counted only if threads are recycled. */
  ended: number
  /** Why we ended it, if we did. */
  reason: Ending | undefined
  /** When it became ready. */
  since: number
  /** Jobs pinned to it that it has no room for. */
  readonly pinned: Array<Job>
}

export interface Counts {
  running: number
  queued: number
  done: number
  failed: number
  lost: number
  cancelled: number
}

export interface Options {
  readonly policy: Policy
  readonly crew: (events: CrewEvents) => Crew
  readonly alarm: Alarm
  /** Runs a job on the caller's own thread, for `caller-runs`. */
  readonly runHere: (job: Job, events: Pick<CrewEvents, "value" | "threw">) => void
  /** A crash loop, or a thread that does not start. */
  readonly report: (message: string, ending: Ending) => void
}

export class Pool {
  readonly crew: Crew
  outstanding = 0
  abandoned = 0
  /** Threads that were replaced after they ended without being asked to. */
  restarts = 0
  done = 0
  failed = 0
  lost = 0
  cancelled = 0
  readonly members = new Map<number, Member>()

  private readonly policy: Policy
  private readonly alarm: Alarm
  private readonly runHere: Options["runHere"]
  private readonly report: Options["report"]
  private readonly events: CrewEvents
  private readonly waiting = new Waiting()
  /** Jobs in `waiting`. */
  private waitingCount = 0
  /** Followers of the job of each key that has been let go. */
  private readonly lines = new Map<string, Array<Job>>()
  private lineCount = 0
  /** Jobs beyond the queue's limit, whose callers are suspended. */
  private readonly suspended: Array<Job> = []
  private suspendedCount = 0
  private readonly pins = new Map<string, number>()
  private pinnedCount = 0
  private readonly fullAt: number
  /** Jobs that run on the caller's own thread. */
  private here = 0
  private isClosed = false
  private onClosed: (() => void) | undefined
  private failedStarts = 0
  private crashes = 0
  private lastFailure: Ending | undefined
  private stopBackoff: (() => void) | undefined
  private stopIdleCheck: (() => void) | undefined
  /** No key, no backlog, no abandoned call and no recycling is about: a completion needs no second look. */
  private isPlain: boolean
  /** Some job that waits has a priority: the crew is given no more ahead of need than keeps its workers busy. */
  private isRanked = false

  constructor(options: Options) {
    this.policy = options.policy
    this.alarm = options.alarm
    this.runHere = options.runHere
    this.report = options.report
    this.isPlain = this.policy.recycleAfter === Infinity
    this.fullAt = this.policy.queueLimit + this.policy.maxThreads * this.policy.callsPerThread
    this.events = {
      ready: (worker) => this.ready(worker),
      value: (job, value) => this.value(job, value),
      threw: (job, fault) => {
        if (this.settle(job)) {
          this.failed++
          job.listener.threw(job, fault)
        }
      },
      items: (job, items) => {
        if (job.phase === Phase.offered) job.listener.items?.(job, items)
      },
      progress: (job, value) => {
        if (job.phase === Phase.offered) job.listener.progress?.(job, value)
      },
      exited: (worker, done, ending, touched, untouched) => this.exited(worker, done, ending, touched, untouched)
    }
    this.crew = options.crew(this.events)
    for (let i = 0; i < this.policy.minThreads; i++) this.start()
  }

  /** Takes a job, or refuses it through its listener. */
  submit(job: Job): void {
    if (this.isClosed) {
      this.failed++
      job.listener.refused(job, "closed", this.outstanding, this.fullAt)
    } else if (this.outstanding < this.fullAt) this.accept(job)
    else this.full(job)
  }

  /** Gives a job up: at once and for good, for the caller. */
  cancel(job: Job): void {
    if (job.phase >= Phase.abandoned) return
    this.cancelled++
    this.outstanding--
    if (job.phase === Phase.offered && !this.crew.revoke(job)) {
      job.phase = Phase.abandoned
      this.abandoned++
      this.isPlain = false
      this.crew.abort(job)
      if (job.onInterrupt === "terminate") {
        this.terminate(this.crew.workerOf(job), { how: "terminated", detail: "a call on the same thread was given up" })
      }
      return
    }
    const wasLetGo = this.forget(job)
    job.phase = Phase.ended
    job.args = []
    job.transfer = undefined
    if (wasLetGo) this.after(job)
    else this.fill()
  }

  credit(job: Job, items: number): void {
    if (job.phase === Phase.offered) this.crew.credit(job, items)
  }

  get counts(): Counts {
    const queued =
      this.waitingCount + this.lineCount + this.suspendedCount + this.pinnedCount + Math.max(0, this.crew.queued())
    const { cancelled, done, failed, lost } = this
    const running = Math.max(0, this.outstanding - queued)
    return { running, queued: this.outstanding - running, done, failed, lost, cancelled }
  }

  /** The living workers: milliseconds since each became ready, and its figures. */
  workers(): Array<{ readonly worker: number; readonly age: number; readonly figures: Figures }> {
    const now = this.alarm.now()
    return Array.from(this.members, ([worker, member]) => ({
      worker,
      age: Math.max(0, now - member.since),
      figures: this.crew.figures(worker)
    }))
  }

  /** Answers every outstanding job `Lost`, `closed`, ends all workers and calls `onClosed` when they are gone. */
  close(onClosed: () => void): void {
    this.onClosed = onClosed
    this.isClosed = true
    this.stopBackoff?.()
    this.stopIdleCheck?.()
    const ending: Ending = { how: "closed" }
    for (const job of [...this.drainWaiting(), ...this.crew.recall()]) this.lose(job, ending)
    for (const [worker, member] of this.members) {
      member.reason = ending
      if (this.policy.hasStopHook && member.state === "ready" && this.crew.isIdle(worker)) this.retire(worker, member)
      else if (member.state !== "retiring") this.crew.terminate(worker)
    }
    this.checkClosed()
  }

  /** Ends a worker now; what it runs is `Lost`, and it is replaced. */
  terminate(worker: number, reason: Ending): void {
    const member = this.members.get(worker)
    if (member === undefined) return
    member.reason ??= reason
    this.crew.terminate(worker)
  }

  private accept(job: Job): void {
    this.outstanding++
    const { key } = job
    if (key !== undefined) {
      this.isPlain = false
      const line = this.lines.get(key)
      if (line !== undefined) {
        line.push(job)
        job.place = Place.line
        this.lineCount++
        return
      }
      this.lines.set(key, [])
    }
    this.letGo(job)
    if (this.members.size < this.policy.maxThreads) this.grow()
  }

  private full(job: Job): void {
    switch (this.policy.whenFull) {
      case "reject":
        this.failed++
        return job.listener.refused(job, "full", this.outstanding, this.fullAt)
      case "suspend":
        this.outstanding++
        this.isPlain = false
        this.suspended.push(job)
        job.place = Place.suspended
        this.suspendedCount++
        return
      case "caller-runs":
        this.outstanding++
        this.here++
        job.phase = Phase.abandoned
        this.runHere(job, {
          value: (job, value) => this.ranHere(job) && (this.done++, job.listener.succeed(job, value)),
          threw: (job, fault) => this.ranHere(job) && (this.failed++, job.listener.threw(job, fault))
        })
    }
  }

  private ranHere(job: Job): boolean {
    this.here--
    this.outstanding--
    job.phase = Phase.ended
    return true
  }

  /** A job whose key, if any, is free: to the crew, or to the queue. */
  private letGo(job: Job): void {
    if (this.policy.pinKeys && job.key !== undefined) return this.letGoPinned(job, job.key)
    if (this.waitingCount === 0 && job.priority === 0 && !this.isRanked) {
      if (this.offer(job)) return
      job.rank = this.alarm.now()
      return this.wait(job)
    }
    job.rank = this.alarm.now() - job.priority * limits.priorityWorth
    if (job.priority !== 0) this.isRanked = true
    if (this.isRanked) {
      // From here on order matters: what the crew holds but has not started is ranked with the rest.
      for (const other of this.crew.recall()) {
        if (other.rank === 0) other.rank = job.rank + job.priority * limits.priorityWorth
        this.wait(other)
      }
    }
    this.wait(job)
    this.fill()
  }

  private wait(job: Job): void {
    job.phase = Phase.waiting
    job.place = Place.queue
    this.isPlain = false
    this.waiting.add(job)
    this.waitingCount++
  }

  private offer(job: Job): boolean {
    try {
      return this.crew.offer(job)
    } catch (error) {
      this.unsendable(job, error)
      return true
    }
  }

  private unsendable(job: Job, error: unknown): void {
    job.phase = Phase.offered
    const { message, name, stack } = error as Error
    this.events.threw(job, { name, message, ...(stack !== undefined && { stack }) })
  }

  /** Offers what waits, in order, as far as the crew has room; ahead of need only as much as keeps workers busy. */
  private fill(): void {
    while (this.waitingCount > 0) {
      if (this.isRanked && this.crew.queued() >= this.policy.callsPerThread * Math.max(1, this.members.size)) break
      const job = this.waiting.peek()
      if (job === undefined) {
        this.waitingCount = 0
        break
      }
      this.waiting.take()
      this.waitingCount--
      if (!this.offer(job)) {
        this.wait(job)
        break
      }
    }
    if (this.isRanked && this.waitingCount === 0 && this.crew.queued() === 0) this.isRanked = false
    while (this.suspendedCount > 0 && this.outstanding - this.suspendedCount < this.fullAt) {
      const job = this.suspended.shift()!
      if (job.phase === Phase.ended) continue
      this.suspendedCount--
      this.outstanding--
      this.accept(job)
    }
  }

  private letGoPinned(job: Job, key: string): void {
    let worker = this.pins.get(key)
    let member = worker === undefined ? undefined : this.members.get(worker)
    if (worker === undefined || member === undefined || member.state === "retiring") {
      worker = this.leastPinned()
      member = worker === undefined ? undefined : this.members.get(worker)
    }
    if (worker === undefined || member === undefined) return this.wait(job)
    // Most recently used last.
    this.pins.delete(key)
    this.pins.set(key, worker)
    if (this.pins.size > limits.pinnedKeys) this.pins.delete(this.pins.keys().next().value!)
    member.pinned.push(job)
    job.place = Place.pinned
    job.worker = worker
    this.pinnedCount++
    this.fillPinned(worker, member)
  }

  private leastPinned(): number | undefined {
    if (this.members.size < this.policy.maxThreads) this.grow()
    const loads = new Map<number, number>()
    for (const [worker, member] of this.members) if (member.state !== "retiring") loads.set(worker, 0)
    for (const worker of this.pins.values()) {
      const load = loads.get(worker)
      if (load !== undefined) loads.set(worker, load + 1)
    }
    let best: number | undefined
    for (const [worker, load] of loads) if (best === undefined || load < loads.get(best)!) best = worker
    return best
  }

  private fillPinned(worker: number, member: Member): void {
    while (member.pinned.length > 0) {
      const job = member.pinned[0]!
      if (job.phase !== Phase.waiting) {
        member.pinned.shift()
        continue
      }
      try {
        if (!this.crew.assign(job, worker)) return
      } catch (error) {
        this.unsendable(job, error)
      }
      member.pinned.shift()
      this.pinnedCount--
    }
  }

  /** Starts another worker if there is more to do than the living can, and none is awaited already. */
  private grow(): void {
    const { callsPerThread, maxThreads } = this.policy
    if (this.isClosed || this.stopBackoff !== undefined) return
    while (
      this.members.size < maxThreads &&
      this.outstanding + this.abandoned - this.here > this.members.size * callsPerThread
    ) {
      this.start()
    }
  }

  private start(): void {
    let worker = 0
    while (this.members.has(worker)) worker++
    this.members.set(worker, {
      state: "starting",
      doneBefore: 0,
      ended: 0,
      reason: undefined,
      since: Infinity,
      pinned: []
    })
    this.crew.start(worker)
    if (this.members.size > this.policy.minThreads) this.watchIdle()
  }

  private ready(worker: number): void {
    const member = this.members.get(worker)
    if (member === undefined) return
    this.failedStarts = 0
    if (member.state === "starting") member.state = "ready"
    member.since = this.alarm.now()
    if (this.isClosed) return this.crew.terminate(worker)
    this.fillPinned(worker, member)
    this.fill()
  }

  private value(job: Job, value: unknown): void {
    if (this.isPlain && job.phase === Phase.offered) {
      job.phase = Phase.ended
      this.outstanding--
      this.done++
      job.listener.succeed(job, value)
    } else if (this.settle(job)) {
      this.done++
      job.listener.succeed(job, value)
    }
  }

  /** A job's function has ended. Whether somebody wants to know. */
  private settle(job: Job): boolean {
    const wanted = job.phase === Phase.offered
    if (job.phase === Phase.ended) return false
    job.phase = Phase.ended
    if (wanted) this.outstanding--
    else this.abandoned--
    this.after(job)
    return wanted
  }

  /** A job has made room: the next of its key, the next that waits, and perhaps a fresh thread. */
  private after(job: Job): void {
    if (job.key !== undefined) this.nextOfKey(job.key)
    if (job.worker >= 0) {
      const member = this.members.get(job.worker)
      if (member !== undefined) {
        member.ended++
        if (member.pinned.length > 0) this.fillPinned(job.worker, member)
        if (member.ended >= this.policy.recycleAfter && member.state === "ready") this.retire(job.worker, member)
      }
    }
    this.fill()
    this.isPlain =
      !this.isRanked &&
      this.waitingCount + this.suspendedCount + this.abandoned + this.lines.size === 0 &&
      this.policy.recycleAfter === Infinity
  }

  private nextOfKey(key: string): void {
    const line = this.lines.get(key)
    if (line === undefined) return
    for (;;) {
      const next = line.shift()
      if (next === undefined) {
        this.lines.delete(key)
        return
      }
      if (next.phase === Phase.ended) continue
      this.lineCount--
      return this.letGo(next)
    }
  }

  /** Takes a job that has not started out of the counts. Whether it had been let go, so that its key moves on. */
  private forget(job: Job): boolean {
    if (job.phase === Phase.offered) return true
    switch (job.place) {
      case Place.queue:
        this.waitingCount--
        return true
      case Place.line:
        this.lineCount--
        return false
      case Place.suspended:
        this.suspendedCount--
        return false
      case Place.pinned:
        this.pinnedCount--
        return true
    }
  }

  /** Asks a worker to finish and go, and starts its successor if one is needed. */
  private retire(worker: number, member: Member): void {
    member.state = "retiring"
    this.crew.retire(worker)
    const stop = this.alarm.after(this.policy.stopTimeout, () => {
      if (this.members.get(worker) === member) this.crew.terminate(worker)
    })
    this.retiring.set(worker, stop)
  }

  private readonly retiring = new Map<number, () => void>()

  private exited(
    worker: number,
    done: number,
    given: Ending,
    touched: ReadonlyArray<Job>,
    untouched: ReadonlyArray<Job>
  ): void {
    const member = this.members.get(worker)
    if (member === undefined) return
    this.members.delete(worker)
    this.retiring.get(worker)?.()
    this.retiring.delete(worker)
    const ending = member.reason ?? given
    const asked = this.isClosed || member.state === "retiring" || member.reason !== undefined
    if (!asked) this.countCrash(member, ending, done > 0)
    for (const job of touched) this.lose(job, ending)
    if (this.isClosed) {
      for (const job of [...untouched, ...member.pinned]) this.lose(job, ending)
      this.checkClosed()
      return
    }
    this.pinnedCount -= member.pinned.length
    for (const job of [...untouched, ...member.pinned]) {
      if (job.phase >= Phase.abandoned) continue
      job.phase = Phase.waiting
      this.letGo(job)
    }
    if (member.state !== "retiring") this.restarts++
    this.replace()
  }

  private countCrash(member: Member, ending: Ending, hadDone: boolean): void {
    this.lastFailure = ending
    if (member.state === "starting") {
      this.failedStarts++
      this.crashes++
      this.report(`a thread did not start (${this.failedStarts} in a row)`, ending)
    } else if (hadDone) {
      this.crashes = 0
    } else {
      this.crashes++
      if (this.crashes > 1) this.report(`threads end before their first result (${this.crashes} in a row)`, ending)
    }
  }

  private replace(): void {
    if (this.failedStarts >= limits.startAttempts && this.members.size === 0) {
      const { detail, ...rest } = this.lastFailure!
      const ending = { ...rest, detail: `no thread starts${detail === undefined ? "" : `: ${detail}`}` }
      for (const job of [...this.drainWaiting(), ...this.crew.recall()]) this.lose(job, ending)
    }
    if (this.stopBackoff !== undefined) return
    const again = () => {
      this.stopBackoff = undefined
      while (this.members.size < this.policy.minThreads) this.start()
      this.grow()
    }
    if (this.crashes <= 1) return again()
    const delay = Math.min(limits.backoffMost, limits.backoffBase * 2 ** Math.min(this.crashes - 2, 20))
    this.stopBackoff = this.alarm.after(delay, again)
  }

  private lose(job: Job, ending: Ending): void {
    const { phase } = job
    if (phase === Phase.ended) return
    job.phase = Phase.ended
    if (phase === Phase.abandoned) this.abandoned--
    else {
      this.outstanding--
      this.lost++
    }
    if (!this.isClosed) this.after(job)
    if (phase !== Phase.abandoned) job.listener.lost(job, ending)
  }

  private drainWaiting(): Array<Job> {
    const all: Array<Job> = []
    for (let job = this.waiting.take(); job !== undefined; job = this.waiting.take()) all.push(job)
    for (const line of this.lines.values()) all.push(...line)
    for (const member of this.members.values()) all.push(...member.pinned.splice(0))
    all.push(...this.suspended)
    this.waitingCount = this.lineCount = this.pinnedCount = this.suspendedCount = 0
    this.suspended.length = 0
    this.lines.clear()
    return all.filter((job) => job.phase === Phase.waiting)
  }

  /** While there are more workers than the minimum, one that did nothing for a whole period is retired. */
  private watchIdle(): void {
    if (this.stopIdleCheck !== undefined || this.policy.idleTimeout === Infinity || this.isClosed) return
    this.stopIdleCheck = this.alarm.after(this.policy.idleTimeout, () => {
      this.stopIdleCheck = undefined
      let spare = this.members.size - this.policy.minThreads
      for (const [worker, member] of this.members) {
        const { done } = this.crew.figures(worker)
        if (spare > 0 && member.state === "ready" && member.doneBefore === done && this.crew.isIdle(worker)) {
          spare--
          this.retire(worker, member)
        }
        member.doneBefore = done
      }
      if (spare > 0) this.watchIdle()
    })
  }

  private checkClosed(): void {
    if (this.members.size > 0) return
    this.onClosed?.()
    this.onClosed = undefined
  }
}
