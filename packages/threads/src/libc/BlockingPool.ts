/**
 * The policy of blocking calls: at most so many at once, the others wait in the order in which they came.
 *
 * A blocking call cannot be stopped. One that is given up (interrupted, timed out, or the pool closes) is answered at
 * once and *abandoned*: it keeps its slot until it really returns, so that a thousand lookups to a dead name server
 * never become a thousand threads. One that is given up while it waits for a slot is dropped and never starts.
 *
 * ```text
 * submit -> waiting --(a slot is free)--> blocking --(it returned)--> answered
 *              \--(given up)--> dropped       \--(given up)--> abandoned --(it returned)--> the slot is free
 * ```
 */
import { Executor, type Job, Lost, Outstanding, type Task } from "@handoff/core"
import * as Exit from "effect/Exit"
import type { Backend, OnReturn, Operation } from "./Backend.ts"

/** How a kind of task becomes a blocking call and its return an exit. */
export interface Kind<T extends Task.Any = any> {
  readonly kind: Task.KindOf<T>
  /** The call; or an exit, if the task cannot be right or needs no call. */
  readonly operation: (task: T, backend: Backend) => Operation | Exit.Exit<never, Task.Failure<T>>
  readonly answer: (task: T, code: number, errno: number, value: any, backend: Backend) => Exit.Exit<any, any>
  /** The failure of a call that took longer than `millis`. */
  readonly timedOut: (task: T, millis: number) => Task.Failure<T>
  /** Milliseconds that this task may take, waiting included; undefined: what the pool says. */
  readonly timeout?: (task: T) => number | undefined
}

export interface Options {
  readonly name: string
  readonly queueLimit: number
  /** Milliseconds; undefined: no limit. */
  readonly timeout: number | undefined
}

/** A task between `submit` and its answer or the end of its call, whichever is later. */
interface Entry {
  readonly job: Job
  readonly kind: Kind
  readonly operation: Operation
  timer: ReturnType<typeof setTimeout> | undefined
  /** The backend's number for it while it blocks. */
  id: number
  /** Nobody waits for its call any more. */
  isAbandoned: boolean
  /** Neighbours among the waiting. */
  previous: Entry | undefined
  next: Entry | undefined
}

export class BlockingPool {
  private readonly outstanding: Outstanding
  private readonly backend: Backend
  private readonly kinds: ReadonlyMap<Task.Kind, Kind>
  private readonly timeout: number | undefined
  /** Slots in use: blocking calls, abandoned ones included. Never above `backend.threads`. */
  private busy = 0
  private abandoned = 0
  private first: Entry | undefined
  private last: Entry | undefined

  constructor(backend: Backend, kinds: ReadonlyArray<Kind>, options: Options) {
    this.backend = backend
    this.kinds = new Map(kinds.map((kind) => [kind.kind, kind]))
    this.timeout = options.timeout
    this.outstanding = new Outstanding(options.name, { limit: backend.threads + options.queueLimit })
  }

  readonly submit = (
    task: Task.Any,
    onExit: (exit: Exit.Exit<any, any>) => void,
    watch: Executor.Watch | undefined
  ): Executor.Cancel => {
    const job = this.outstanding.admit(task, onExit, watch)
    if (job === undefined) return Executor.nothingToCancel
    const kind = this.kinds.get(task._tag)!
    const operation: Operation | Exit.Exit<never, any> = kind.operation(task, this.backend)
    if (!isOperation(operation)) {
      job.answer(operation)
      return Executor.nothingToCancel
    }
    const entry: Entry = {
      job,
      kind,
      operation,
      timer: undefined,
      id: -1,
      isAbandoned: false,
      previous: undefined,
      next: undefined
    }
    job.release = (was) => this.giveUp(entry, was)
    const timeout = kind.timeout?.(task) ?? this.timeout
    if (timeout !== undefined) {
      entry.timer = setTimeout(() => {
        // Given up first: whoever the answer resumes sees the slot as it is.
        this.giveUp(entry, job.state === "queued" ? "queued" : "running")
        job.answer(Exit.fail(kind.timedOut(task, timeout)))
      }, timeout)
    }
    if (this.busy < this.backend.threads && this.first === undefined) this.block(entry)
    else this.enqueue(entry)
    return job.cancel
  }

  stats(): Executor.Stats {
    const { idle, threads } = this.backend.figures()
    return this.outstanding.stats({ threads, idle, abandoned: this.abandoned })
  }

  close(): void {
    this.outstanding.close()
    this.backend.close()
  }

  private enqueue(entry: Entry): void {
    entry.previous = this.last
    if (this.last === undefined) this.first = entry
    else this.last.next = entry
    this.last = entry
  }

  private remove(entry: Entry): void {
    if (entry.previous === undefined) this.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.last = entry.previous
    else entry.next.previous = entry.previous
  }

  private block(entry: Entry): void {
    const { job } = entry
    const onReturn: OnReturn = (code, errno, value, lost) => {
      this.busy--
      if (entry.isAbandoned) this.abandoned--
      else {
        clearTimeout(entry.timer)
        job.answer(
          lost === undefined
            ? entry.kind.answer(job.task, code, errno, value, this.backend)
            : Exit.fail(new Lost({ executor: this.outstanding.name, kind: job.task._tag, how: "crash", detail: lost }))
        )
      }
      this.refill()
    }
    job.start()
    this.busy++
    try {
      entry.id = this.backend.start(entry.operation, onReturn)
    } catch (error) {
      // Kinds check their arguments; what gets past them is a defect of theirs.
      this.busy--
      clearTimeout(entry.timer)
      job.answer(Exit.die(error))
      return
    }
    if (entry.id >= 0) return
    this.busy--
    clearTimeout(entry.timer)
    job.answer(Exit.fail(this.outstanding.overloaded(job.task._tag)))
  }

  private refill(): void {
    while (this.first !== undefined && this.busy < this.backend.threads) {
      const entry = this.first
      this.remove(entry)
      this.block(entry)
    }
  }

  /** The caller has its answer or wants none. */
  private giveUp(entry: Entry, was: "queued" | "running"): void {
    clearTimeout(entry.timer)
    if (was === "queued") return this.remove(entry)
    entry.isAbandoned = true
    this.abandoned++
    this.backend.abandon(entry.id)
  }
}

const isOperation = (u: Operation | Exit.Exit<never, any>): u is Operation => Array.isArray(u)
