/**
 * The tasks that an executor has taken and not yet answered, and the counters that follow from them. A strategy that
 * keeps its tasks here gets three promises of the interface for nothing: each task is answered once at most, is silent
 * once cancelled, and is answered with `Lost` when the executor closes. All operations take constant time.
 *
 * One task's states:
 *
 * ```text
 * admit -> queued -> running -> answered
 *             |         |
 *             +---------+----> cancelled
 * ```
 *
 * A job may be answered or cancelled from `queued` too. Both ends are final; a second `answer` is ignored and says so.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Cancel, Stats, Watch } from "./Executor.ts"
import { Lost, Overloaded } from "./ExecutorError.ts"
import { Fifo, type Node } from "./internal/Fifo.ts"
import type * as Task from "./Task.ts"

/** One task that an executor has taken. */
export class Job<T extends Task.Any = Task.Any> {
  /** @internal Its neighbours among the outstanding. */
  next: Node | undefined = undefined
  /** @internal */
  previous: Node | undefined = undefined
  state: "queued" | "running" | "answered" | "cancelled" = "queued"
  readonly task: T
  /**
   * Set by the strategy: what it does when the caller gives up or the executor closes (remove from a queue, close a
   * socket). Told in which state the job was.
   */
  release: ((was: "queued" | "running") => void) | undefined = undefined
  /** What `submitUnsafe` returns for this task. */
  readonly cancel: Cancel
  private readonly owner: Outstanding<T>
  private readonly onExit: (exit: Exit.Exit<any, any>) => void
  private readonly watch: Watch | undefined

  constructor(owner: Outstanding<T>, task: T, onExit: (exit: Exit.Exit<any, any>) => void, watch: Watch | undefined) {
    this.owner = owner
    this.task = task
    this.onExit = onExit
    this.watch = watch
    this.cancel = () => this.giveUp()
  }

  /** Whether it still waits for its answer. */
  get isOpen(): boolean {
    return this.state === "queued" || this.state === "running"
  }

  /** From `queued` to `running`. False if it is already past that: then do not start it. */
  start(): boolean {
    if (this.state !== "queued") return false
    this.state = "running"
    this.owner.queued--
    this.owner.running++
    this.watch?.started()
    return true
  }

  /** From `running` back to `queued`, for a strategy that could not start it after all. */
  requeue(): void {
    if (this.state !== "running") return
    this.state = "queued"
    this.owner.running--
    this.owner.queued++
  }

  /** Answers the caller. False if it was answered or cancelled before; the exit is then dropped. */
  answer(exit: Exit.Exit<any, any>): boolean {
    if (this.state === "queued") this.owner.queued--
    else if (this.state === "running") this.owner.running--
    else return false
    this.state = "answered"
    this.owner.forget(this)
    this.owner.count(exit)
    this.onExit(exit)
    return true
  }

  /** The caller gave it up, or the executor closes; a strategy whose tasks are a class of their own overrides it. */
  released(was: "queued" | "running"): void {
    this.release?.(was)
  }

  private giveUp(): void {
    const was = this.state
    if (was === "queued") this.owner.queued--
    else if (was === "running") this.owner.running--
    else return
    this.state = "cancelled"
    this.owner.forget(this)
    this.owner.cancelled++
    this.released(was)
  }
}

export class Outstanding<T extends Task.Any = Task.Any> {
  readonly name: string
  /** Tasks it takes at most, queued and running together. */
  readonly limit: number
  running = 0
  queued = 0
  done = 0
  failed = 0
  lost = 0
  cancelled = 0
  isClosed = false
  private readonly jobs = new Fifo<Job<T>>()

  constructor(name: string, options?: { readonly limit?: number }) {
    this.name = name
    this.limit = options?.limit ?? Number.MAX_SAFE_INTEGER
  }

  /** Tasks taken and not answered. */
  get size(): number {
    return this.jobs.size
  }

  /** Takes a task as `queued`; or answers it with `Overloaded` (closed, or full) and returns undefined. */
  admit(task: T, onExit: (exit: Exit.Exit<any, any>) => void, watch?: Watch): Job<T> | undefined {
    return this.refuses(task, onExit) ? undefined : this.enrol(new Job<T>(this, task, onExit, watch))
  }

  /** The first half of `admit`: whether the task was answered with `Overloaded`. */
  refuses(task: T, onExit: (exit: Exit.Exit<any, any>) => void): boolean {
    if (!this.isClosed && this.jobs.size < this.limit) return false
    this.failed++
    onExit(Exit.fail(this.overloaded(task._tag)))
    return true
  }

  /** The second half: takes a job as `queued`. It may be of the strategy's own class, one allocation for both. */
  enrol<J extends Job<T>>(job: J): J {
    this.jobs.push(job)
    this.queued++
    return job
  }

  /** The error that `admit` answers with. */
  overloaded(kind: Task.Kind): Overloaded {
    return new Overloaded({
      executor: this.name,
      kind,
      reason: this.isClosed ? "closed" : "full",
      outstanding: this.jobs.size,
      limit: this.limit
    })
  }

  /** Refuses later tasks, releases every outstanding one and answers it with `Lost`, `closed`. */
  close(): void {
    this.isClosed = true
    for (let job = this.jobs.peek(); job !== undefined; job = this.jobs.peek()) {
      const was = job.state as "queued" | "running"
      job.answer(Exit.fail(new Lost({ executor: this.name, kind: job.task._tag, how: "closed" })))
      job.released(was)
    }
  }

  /** The outstanding jobs now, oldest first. */
  toArray(): Array<Job<T>> {
    const all: Array<Job<T>> = []
    for (let node: Node | undefined = this.jobs.peek(); all.length < this.jobs.size; node = node!.next) {
      all.push(node as Job<T>)
    }
    return all
  }

  stats(extra: Readonly<Record<string, number>> = {}): Stats {
    const { cancelled, done, failed, lost, queued, running } = this
    return { running, queued, done, failed, lost, cancelled, extra }
  }

  /** `stats` as an effect, with the strategy's own figures read at that moment. */
  statsEffect(extra?: () => Readonly<Record<string, number>>): Effect.Effect<Stats> {
    return Effect.sync(() => this.stats(extra?.()))
  }

  /** For `Job`. */
  forget(job: Job<T>): void {
    this.jobs.remove(job)
  }

  /** For `Job`: counts an answer by what it is. */
  count(exit: Exit.Exit<any, any>): void {
    if (exit._tag === "Success") this.done++
    else if (exit.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error instanceof Lost)) this.lost++
    else this.failed++
  }
}
