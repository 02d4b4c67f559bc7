/**
 * Workers as the pool's policy sees them: something that takes jobs when there is room, and tells what became of them.
 * Threads with shared memory, threads or processes with messages, and the test's puppet are crews.
 */
import type { Ending, Job } from "./Job.ts"
import type { Definition, Fault } from "./protocol.ts"

export interface Crew {
  /** Starts a worker of this number; `ready` or `exited` follows. May throw, and then there is no such worker. */
  readonly start: (worker: number) => void
  /** A function that jobs may name from now on. */
  readonly define: (definition: Definition) => void
  /**
   * Takes the job if there is room for it now; whichever worker is free first runs it. May throw a DataCloneError,
   * and then has not taken it.
   */
  readonly offer: (job: Job) => boolean
  /** As `offer`, for this worker only. Once it has no room, there is room again after one of its jobs has ended. */
  readonly assign: (job: Job, worker: number) => boolean
  /** Takes a job back if no worker has started it. */
  readonly revoke: (job: Job) => boolean
  /** Takes back every job that no worker has started, except assigned ones. */
  readonly recall: () => Array<Job>
  /** Jobs that were offered and that no worker has started, about. */
  readonly queued: () => number
  /** Tells the worker of a running job that its caller gave it up. */
  readonly abort: (job: Job) => void
  /** The consumer of a streaming job wants so many items more. */
  readonly credit: (job: Job, items: number) => void
  /** The worker that runs a job, or -1. */
  readonly workerOf: (job: Job) => number
  /** Lets a worker finish what it runs, call its stop hook and end. Takes back what it was assigned and has not started. */
  readonly retire: (worker: number) => ReadonlyArray<Job>
  /** Ends a worker at once. `exited` follows. */
  readonly terminate: (worker: number) => void
  /**
   * Ends the worker that runs a job, unless the job has ended by now, and the worker runs another: whether it did. The
   * worker takes up nothing meanwhile.
   */
  readonly halt: (job: Job) => boolean
  /** Whether a worker has nothing that it must end: no job runs on it, whether or not it is awake. */
  readonly isIdle: (worker: number) => boolean
  /** Figures of one worker. */
  readonly figures: (worker: number) => Figures
}

/** What a worker has done; times in milliseconds, memory in octets. */
export interface Figures {
  readonly busy: number
  readonly heapUsed: number
  readonly done: number
  /** Calls by the time that they waited and ran (`Histogram.ts`), where the crew measures it. */
  readonly wait?: ArrayLike<number> | undefined
  readonly run?: ArrayLike<number> | undefined
}

/** What a crew tells the pool. */
export interface CrewEvents {
  readonly ready: (worker: number) => void
  readonly value: (job: Job, value: unknown) => void
  readonly threw: (job: Job, fault: Fault) => void
  readonly items: (job: Job, items: ReadonlyArray<unknown>) => void
  readonly progress: (job: Job, value: unknown) => void
  /** A worker is gone after `done` calls. `touched` had started there; `untouched` were meant for it and had not. */
  readonly exited: (
    worker: number,
    done: number,
    ending: Ending,
    touched: ReadonlyArray<Job>,
    untouched: ReadonlyArray<Job>
  ) => void
}
