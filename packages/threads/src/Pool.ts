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
 * - Whatever makes room ends in `fill`, which looks at everything that waits: no room is passed over because it was made
 *   by a job of another worker. `fill` does not nest, whatever the callbacks that it leads to hand off or give up.
 */
import type { Crew, CrewEvents, Figures } from "./Crew.ts"
import { describe } from "./Fault.ts"
import { type Ending, type Job, Phase, Place } from "./Job.ts"
import * as limits from "./limits.ts"
import { Line } from "./Line.ts"
import { Pins } from "./Pins.ts"
import { Waiting } from "./Waiting.ts"

export interface Policy {
  readonly minThreads: number
  readonly maxThreads: number
  /** Threads that start at the same time, at most: more than there are cores only hold up the first. */
  readonly startsAtOnce: number
  readonly callsPerThread: number
  readonly queueLimit: number
  /** `suspend`: the caller waits for room. `reject`: `Overloaded`. `caller-runs`: on the caller's own thread. */
  readonly whenFull: "suspend" | "reject" | "caller-runs"
  readonly idleTimeout: number
  readonly recycleAfter: number
  /** For a worker's start and its start hook. */
  readonly startTimeout: number
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
  /** It took too long to start, or to stop. */
  late: Ending | undefined
  /** Takes back the alarm of its start or its stop. */
  stopAlarm: () => void
  /** When it became ready. */
  since: number
  /** Jobs pinned to it that it has no room for. */
  readonly pinned: Line
}

/** A job on the caller's own thread. */
export interface Here {
  /** The consumer of a streaming job wants so many items more. */
  readonly credit: (items: number) => void
  /** Its caller gave it up. */
  readonly abort: () => void
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
  readonly runHere: (job: Job, events: Pick<CrewEvents, "value" | "threw" | "items" | "progress">) => Here
  /** A crash loop, or a thread that does not start. */
  readonly report: (message: string, ending: Ending) => void
}

/**
 * A callback must not throw. Of one that does all the same one hears as of any uncaught error, and nobody else is kept
 * from an answer.
 */
const uncaught = (error: unknown): void =>
  queueMicrotask(() => {
    throw error
  })

const closed: Ending = { how: "closed" }

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
  /** Followers of the job of each key that has been let go, if there are any. */
  private readonly lines = new Map<string, Line | undefined>()
  private lineCount = 0
  /** Jobs beyond the queue's limit, whose callers are suspended. */
  private readonly suspended = new Line()
  private readonly pins = new Pins(limits.pinnedKeys)
  /** Jobs pinned to a worker that has no room, or to none because none lives. */
  private pinnedCount = 0
  /** Those of none. */
  private readonly homeless = new Line()
  /** Jobs that could not be sent, whose callers are yet to be told. */
  private readonly unsendable: Array<readonly [Job, unknown]> = []
  private isRefusing = false
  private isFilling = false
  private isToFill = false
  private readonly fullAt: number
  /** Jobs that run on the caller's own thread. */
  private readonly heres = new Map<Job, Here>()
  private isClosed = false
  private onClosed: (() => void) | undefined
  /** Members that have not been ready yet, and those that were asked to go. */
  private starting = 0
  private retiring = 0
  private failedStarts = 0
  private crashes = 0
  private lastFailure: Ending | undefined
  private stopBackoff: (() => void) | undefined
  private stopIdleCheck: (() => void) | undefined
  /** No key, no backlog and no recycling is about: a completion needs no second look. */
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
        if (!this.settle(job)) return
        this.failed++
        try {
          job.listener.threw(job, fault)
        } catch (error) {
          uncaught(error)
        }
      },
      items: (job, items) => {
        if (job.phase !== Phase.offered) return
        try {
          job.listener.items?.(job, items)
        } catch (error) {
          uncaught(error)
        }
      },
      progress: (job, value) => {
        if (job.phase !== Phase.offered) return
        try {
          job.listener.progress?.(job, value)
        } catch (error) {
          uncaught(error)
        }
      },
      exited: (worker, done, ending, touched, untouched) => this.exited(worker, done, ending, touched, untouched)
    }
    this.crew = options.crew(this.events)
    this.startMinimum()
  }

  /** Takes a job, or refuses it through its listener. */
  submit(job: Job): void {
    if (this.isClosed) this.refuse(job, "closed")
    else if (this.outstanding < this.fullAt) this.accept(job)
    else this.full(job)
  }

  /** Gives a job up: at once and for good, for the caller. */
  cancel(job: Job): void {
    const { phase } = job
    if (phase >= Phase.abandoned) return
    this.cancelled++
    this.outstanding--
    if (phase === Phase.offered && (this.heres.has(job) || !this.crew.revoke(job))) return this.abandon(job)
    job.phase = Phase.ended
    job.args = []
    job.transfer = undefined
    if (phase === Phase.offered || this.forget(job)) this.after(job)
    else this.fill()
  }

  /** It runs, and keeps its place until its function ends. */
  private abandon(job: Job): void {
    job.phase = Phase.abandoned
    this.abandoned++
    const here = this.heres.get(job)
    if (here !== undefined) return here.abort()
    this.crew.abort(job)
    if (job.onInterrupt !== "terminate") return
    const member = this.members.get(this.crew.workerOf(job))
    if (member === undefined || !this.crew.halt(job)) return
    member.reason ??= { how: "terminated", detail: "a call on the same thread was given up" }
  }

  credit(job: Job, items: number): void {
    if (job.phase !== Phase.offered) return
    const here = this.heres.get(job)
    if (here === undefined) this.crew.credit(job, items)
    else here.credit(items)
  }

  get counts(): Counts {
    const queued =
      this.waiting.count + this.lineCount + this.suspended.count + this.pinnedCount + Math.max(0, this.crew.queued())
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

  /**
   * Answers every outstanding job `Lost`, `closed`, ends all workers and calls `onClosed` when they are gone. A worker
   * that runs nothing calls its stop hook first.
   */
  close(onClosed: () => void): void {
    this.onClosed = onClosed
    this.isClosed = true
    this.stopBackoff?.()
    this.stopIdleCheck?.()
    for (const job of this.drainWaiting()) this.lose(job, closed)
    for (const [job, here] of this.heres) {
      this.lose(job, closed)
      here.abort()
    }
    for (const [worker, member] of this.members) {
      member.reason = closed
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

  private refuse(job: Job, reason: "full" | "closed"): void {
    this.failed++
    job.phase = Phase.ended
    try {
      job.listener.refused(job, reason, this.outstanding, this.fullAt)
    } catch (error) {
      uncaught(error)
    }
  }

  private accept(job: Job): void {
    this.outstanding++
    if (job.key !== undefined && !this.enter(job, job.key)) return
    this.letGo(job)
    if (this.members.size < this.policy.maxThreads) this.grow()
  }

  /** Whether no other job of the key is let go; otherwise this one waits in line for it. */
  private enter(job: Job, key: string): boolean {
    this.isPlain = false
    if (!this.lines.has(key)) {
      this.lines.set(key, undefined)
      return true
    }
    let line = this.lines.get(key)
    if (line === undefined) this.lines.set(key, (line = new Line()))
    line.add(job)
    job.place = Place.line
    this.lineCount++
    return false
  }

  private full(job: Job): void {
    const { key } = job
    switch (this.policy.whenFull) {
      case "reject":
        return this.refuse(job, "full")
      case "caller-runs":
        // A pinned key's state is on its thread, so its calls run nowhere else.
        if (this.policy.pinKeys && key !== undefined) return this.suspend(job)
        this.outstanding++
        job.isHere = true
        if (key === undefined || this.enter(job, key)) this.letGo(job)
        return
      case "suspend":
        return this.suspend(job)
    }
  }

  private suspend(job: Job): void {
    this.outstanding++
    this.isPlain = false
    this.suspended.add(job)
    job.place = Place.suspended
  }

  private startHere(job: Job): void {
    job.phase = Phase.offered
    this.isPlain = false
    // What is asked of it while it begins, by its own progress, is handed on once it can be.
    let more = 0
    this.heres.set(job, {
      credit: (items) => {
        more += items
      },
      abort: () => {}
    })
    const here = this.runHere(job, this.events)
    if (!this.heres.has(job)) return
    this.heres.set(job, here)
    if (more > 0) here.credit(more)
    if (job.phase !== Phase.offered) here.abort()
  }

  /** A job whose key, if any, is free: to the crew, or to the queue. */
  private letGo(job: Job): void {
    if (job.isHere) return this.startHere(job)
    if (this.policy.pinKeys && job.key !== undefined) return this.letGoPinned(job, job.key)
    if (this.waiting.count === 0 && job.priority === 0 && !this.isRanked) {
      if (this.offer(job)) return
      job.rank = this.alarm.now()
      return this.wait(job)
    }
    job.rank = this.alarm.now() - job.priority * limits.priorityWorth
    if (job.priority !== 0) this.isRanked = true
    if (this.isRanked) {
      // From here on order matters: what the crew holds but has not started is ranked with the rest.
      // The last first: each of them came before those of its rank that wait.
      for (const other of this.crew.recall().toReversed()) {
        if (other.rank === 0) other.rank = job.rank + job.priority * limits.priorityWorth
        other.phase = Phase.waiting
        other.place = Place.queue
        this.waiting.putBack(other)
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
  }

  private offer(job: Job): boolean {
    try {
      return this.crew.offer(job)
    } catch (error) {
      this.fault(job, error)
      return true
    }
  }

  /** A job that cannot be sent. Telling so may let go the next of its key, and so on: one after the other. */
  private fault(job: Job, error: unknown): void {
    job.phase = Phase.waiting
    job.place = Place.taken
    job.worker = -1
    this.unsendable.push([job, error])
    if (this.isRefusing) return
    this.isRefusing = true
    for (let one = this.unsendable.shift(); one !== undefined; one = this.unsendable.shift()) {
      const [refused, why] = one
      // Unless the callback of one before it gave it up.
      if (refused.phase !== Phase.waiting) continue
      refused.phase = Phase.offered
      this.events.threw(refused, describe(why))
    }
    this.isRefusing = false
  }

  /** Hands on what waits, in order, as far as there is room. */
  private fill(): void {
    this.isToFill = true
    if (this.isFilling) return
    this.isFilling = true
    while (this.isToFill) {
      this.isToFill = false
      if (this.pinnedCount > this.homeless.count) {
        for (const [worker, { pinned }] of this.members) if (pinned.count > 0) this.fillPinned(worker, pinned)
      }
      if (this.waiting.count > 0 || this.isRanked) this.fillQueue()
      while (this.suspended.count > 0 && this.outstanding - this.suspended.count < this.fullAt) {
        const job = this.suspended.take()!
        this.outstanding--
        this.accept(job)
      }
    }
    this.isFilling = false
  }

  private fillPinned(worker: number, pinned: Line): void {
    for (let job = pinned.take(); job !== undefined; job = pinned.take()) {
      this.pinnedCount--
      try {
        if (this.crew.assign(job, worker)) continue
      } catch (error) {
        this.fault(job, error)
        continue
      }
      this.pinnedCount++
      return pinned.putBack(job)
    }
  }

  /** Where priorities count, the crew is given no more ahead of need than keeps its workers busy. */
  private fillQueue(): void {
    while (this.waiting.count > 0) {
      if (this.isRanked && this.crew.queued() >= this.policy.callsPerThread * Math.max(1, this.members.size)) return
      const job = this.waiting.take()!
      if (!this.offer(job)) return this.waiting.putBack(job)
    }
    if (this.crew.queued() === 0) this.isRanked = false
  }

  private letGoPinned(job: Job, key: string): void {
    const worker = this.homeOf(key)
    const member = this.members.get(worker)
    if (member === undefined) return this.wander(job)
    job.phase = Phase.waiting
    job.place = Place.pinned
    job.worker = worker
    this.pinnedCount++
    this.pins.set(key, worker)
    member.pinned.add(job)
    this.fill()
  }

  /** The worker that a key is pinned to, or is from now on: the one with the fewest keys. -1 if none lives. */
  private homeOf(key: string): number {
    const pinned = this.pins.get(key) ?? -1
    const state = this.members.get(pinned)?.state
    if (state !== undefined && state !== "retiring") return pinned
    this.grow()
    let best = -1
    for (const [worker, member] of this.members) {
      if (member.state === "retiring") continue
      if (best < 0 || this.pins.load(worker) < this.pins.load(best)) best = worker
    }
    return best
  }

  /** Workers that take jobs, now or once they are ready. */
  private get living(): number {
    return this.members.size - this.retiring
  }

  private startMinimum(): void {
    const { maxThreads, minThreads, startsAtOnce } = this.policy
    while (this.living < minThreads && this.members.size < maxThreads && this.starting < startsAtOnce) this.start()
  }

  /** A start has ended, well or not: the next of those that are wanted, and a home for what found none. */
  private startMore(): void {
    if (this.isClosed || this.stopBackoff !== undefined) return
    this.startMinimum()
    this.grow()
    this.house()
  }

  /** Starts another worker if there is more to do than the living can, and none is awaited already. */
  private grow(): void {
    const { callsPerThread, maxThreads, startsAtOnce } = this.policy
    if (this.isClosed || this.stopBackoff !== undefined) return
    while (
      this.members.size < maxThreads &&
      this.starting < startsAtOnce &&
      this.outstanding + this.abandoned - this.heres.size > this.living * callsPerThread
    ) {
      this.start()
    }
  }

  private start(): void {
    let worker = 0
    while (this.members.has(worker)) worker++
    this.starting++
    const member: Member = {
      state: "starting",
      doneBefore: 0,
      ended: 0,
      reason: undefined,
      late: undefined,
      stopAlarm: () => {},
      since: Infinity,
      pinned: new Line()
    }
    this.members.set(worker, member)
    this.bound(worker, member, this.policy.startTimeout, "start")
    try {
      this.crew.start(worker)
    } catch (cause) {
      // It is gone before it was there. Heard of later, as of any other end, and not within this call: a clock that is
      // asked for no time at all may answer at once.
      const ending: Ending = { how: "crash", detail: cause instanceof Error ? cause.message : String(cause), cause }
      this.alarm.after(1, () => this.exited(worker, 0, ending, [], []))
      return
    }
    if (this.living > this.policy.minThreads) this.watchIdle()
  }

  /** A worker's start or stop ends in time, or the worker is ended. */
  private bound(worker: number, member: Member, milliseconds: number, what: "start" | "stop"): void {
    if (milliseconds === Infinity) return
    member.stopAlarm = this.alarm.after(milliseconds, () => {
      member.late = { how: "terminated", detail: `it did not ${what} within ${milliseconds} ms` }
      this.crew.terminate(worker)
    })
  }

  private ready(worker: number): void {
    const member = this.members.get(worker)
    if (member === undefined || member.state !== "starting") return
    member.stopAlarm()
    this.failedStarts = 0
    member.state = "ready"
    this.starting--
    member.since = this.alarm.now()
    if (this.isClosed) return this.crew.terminate(worker)
    this.fill()
    this.startMore()
  }

  private value(job: Job, value: unknown): void {
    if (this.isPlain && job.phase === Phase.offered) {
      job.phase = Phase.ended
      this.outstanding--
    } else if (!this.settle(job)) return
    this.done++
    try {
      job.listener.succeed(job, value)
    } catch (error) {
      uncaught(error)
    }
  }

  /** A job's function has ended. Whether somebody wants to know. */
  private settle(job: Job): boolean {
    const wanted = job.phase === Phase.offered
    if (job.phase === Phase.ended) return false
    job.phase = Phase.ended
    if (wanted) this.outstanding--
    else this.abandoned--
    if (this.heres.size > 0) this.heres.delete(job)
    if (this.policy.recycleAfter !== Infinity) this.wear(job.worker)
    this.after(job)
    return wanted
  }

  /** A job has ended on a worker, which may have had enough of them. */
  private wear(worker: number): void {
    const member = this.members.get(worker)
    if (member === undefined) return
    member.ended++
    if (member.ended >= this.policy.recycleAfter && member.state === "ready") this.retire(worker, member)
  }

  /** A job has made room: the next of its key, and whatever waits. */
  private after(job: Job): void {
    if (job.key !== undefined) this.nextOfKey(job.key)
    this.fill()
    this.isPlain =
      !this.isRanked &&
      this.waiting.count + this.suspended.count + this.lines.size + this.heres.size === 0 &&
      this.policy.recycleAfter === Infinity
  }

  private nextOfKey(key: string): void {
    const next = this.lines.get(key)?.take()
    if (next === undefined) {
      this.lines.delete(key)
      return
    }
    this.lineCount--
    this.letGo(next)
  }

  /** Takes a job that waits out of the counts. Whether it had been let go, so that its key moves on. */
  private forget(job: Job): boolean {
    switch (job.place) {
      case Place.queue:
        this.waiting.forget()
        return true
      case Place.line:
        this.lineCount--
        this.lines.get(job.key!)!.forget()
        return false
      case Place.suspended:
        this.suspended.forget()
        return false
      case Place.pinned:
        this.pinnedCount--
        ;(this.members.get(job.worker)?.pinned ?? this.homeless).forget()
        return true
      case Place.taken:
        return true
      case Place.none:
        return false
    }
  }

  /** Asks a worker to finish and go; what it has not started goes elsewhere. `exited` starts its successor. */
  private retire(worker: number, member: Member): void {
    member.state = "retiring"
    this.retiring++
    this.bound(worker, member, this.policy.stopTimeout, "stop")
    this.evict(member, this.crew.retire(worker))
    this.house()
    this.grow()
  }

  /** Jobs of pinned keys whose worker does not take them any more have none, until `house` is called. */
  private evict(member: Member, assigned: ReadonlyArray<Job>): void {
    const pinned = member.pinned.drain()
    this.pinnedCount -= pinned.length
    for (const job of [...assigned, ...pinned]) {
      if (job.phase === Phase.abandoned) continue
      this.wander(job)
    }
    for (const job of assigned) if (job.phase === Phase.abandoned) this.lose(job, closed)
  }

  private wander(job: Job): void {
    job.phase = Phase.waiting
    job.place = Place.pinned
    job.worker = -1
    this.pinnedCount++
    this.homeless.add(job)
  }

  /** Finds a worker for the jobs of pinned keys that have none: one at a time, since a callback may give up another. */
  private house(): void {
    // Those that find none again go to the end.
    for (let left = this.homeless.count; left > 0; left--) {
      const job = this.homeless.take()
      if (job === undefined) return
      this.pinnedCount--
      if (this.isClosed) this.lose(job, closed)
      else this.letGo(job)
    }
  }

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
    member.stopAlarm()
    if (member.state === "starting") this.starting--
    if (member.state === "retiring") this.retiring--
    const ending = member.reason ?? member.late ?? given
    if (member.state === "retiring") this.checkStop(member, given)
    else if (member.reason === undefined) this.countCrash(member, ending, done > 0)
    // Before any callback, which may give up another of them: the crew knows none of them any more.
    for (const job of touched) {
      if (job.phase !== Phase.offered) continue
      job.phase = Phase.waiting
      job.place = Place.taken
    }
    this.evict(member, untouched)
    for (const job of touched) this.lose(job, ending)
    this.house()
    if (this.isClosed) return this.checkClosed()
    if (member.state !== "retiring") this.restarts++
    this.replace()
  }

  /** A worker that was asked to go has, well or not: nobody waits for what its stop hook threw. */
  private checkStop({ late }: Member, given: Ending): void {
    if (late === undefined && (given.how === "terminated" || (given.how === "exit" && !given.exitCode))) return
    this.report("a thread did not stop as it should", late ?? given)
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
      for (const job of this.drainWaiting()) this.lose(job, ending)
    }
    if (this.stopBackoff !== undefined) return
    const again = () => {
      this.stopBackoff = undefined
      this.startMore()
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
    // All of its key are lost with it, or one on the caller's thread has the key.
    if (job.place !== Place.none) this.after(job)
    if (phase === Phase.abandoned) return
    try {
      job.listener.lost(job, ending)
    } catch (error) {
      uncaught(error)
    }
  }

  /** Takes all that no worker has started, to be lost. */
  private drainWaiting(): Array<Job> {
    const all = [...this.crew.recall(), ...this.waiting.drain()]
    for (const line of this.lines.values()) if (line !== undefined) all.push(...line.drain())
    for (const member of this.members.values()) all.push(...member.pinned.drain())
    all.push(...this.homeless.drain(), ...this.suspended.drain())
    for (const job of all) {
      job.phase = Phase.waiting
      job.place = Place.none
    }
    this.lineCount = this.pinnedCount = 0
    this.lines.clear()
    for (const { key } of this.heres.keys()) if (key !== undefined) this.lines.set(key, undefined)
    return all
  }

  /** While there are more workers than the minimum, one that did nothing for a whole period is retired. */
  private watchIdle(): void {
    if (this.stopIdleCheck !== undefined || this.policy.idleTimeout === Infinity || this.isClosed) return
    this.stopIdleCheck = this.alarm.after(this.policy.idleTimeout, () => {
      this.stopIdleCheck = undefined
      let spare = this.living - this.policy.minThreads
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
