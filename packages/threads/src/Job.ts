/** A call on its way through the pool: what is to run, who wants to know, and where it stands. */
import type * as Context from "effect/Context"
import type { Carry, Fault, Mode } from "./protocol.ts"

/**
 * Where a job stands.
 *
 * ```text
 * waiting --offered to the crew--> offered --a worker starts it--> (the crew knows) --> ended
 *    ^                                |
 *    +---------- taken back ----------+         any --given up by the caller--> abandoned or ended
 * ```
 */
export const Phase = {
  /** In the pool's own queue, or behind another job of its key. */
  waiting: 0,
  /** With the crew: a worker may have started it. */
  offered: 1,
  /** Given up by the caller while it ran: nobody is told, but it keeps its place until the function ends. */
  abandoned: 2,
  /** Answered, or given up before it started. */
  ended: 3
} as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** Where a job that is `waiting` does so. */
export const Place = {
  /** In the queue of those whose turn comes by rank. */
  queue: 0,
  /** Behind another job of its key. */
  line: 1,
  /** Its caller is suspended, because the queue is full. */
  suspended: 2,
  /** With the worker that its key is pinned to, or until there is one. */
  pinned: 3,
  /** Nowhere any more: it had been let go, and is about to be told that it is lost, or cannot be sent. */
  taken: 4,
  /** Nowhere any more, as all of its key: it is about to be told that no thread starts, or that the pool closed. */
  none: 5
} as const
export type Place = (typeof Place)[keyof typeof Place]

/** Who wants to know. Each job is answered once, by one of `succeed`, `fail` and `die`. */
export interface Listener {
  readonly succeed: (job: Job, value: unknown) => void
  readonly threw: (job: Job, fault: Fault) => void
  readonly refused: (job: Job, reason: "full" | "closed", outstanding: number, limit: number) => void
  readonly lost: (job: Job, ending: Ending) => void
  readonly items?: ((job: Job, items: ReadonlyArray<unknown>) => void) | undefined
  readonly progress?: ((job: Job, value: unknown) => void) | undefined
}

/** How a worker ended, as the tasks that it took along learn it. */
export interface Ending {
  readonly how: "exit" | "crash" | "memory" | "terminated" | "closed"
  readonly exitCode?: number | undefined
  readonly detail?: string | undefined
  readonly cause?: unknown
}

/** What becomes of a running call that its caller gives up. */
export type OnInterrupt = "abandon" | "terminate"

export interface Order {
  readonly fn: number
  readonly mode: Mode
  readonly args: ReadonlyArray<unknown>
  readonly key: string | undefined
  readonly priority: number
  readonly transfer: ReadonlyArray<unknown> | undefined
  readonly carry: Carry | undefined
  readonly onInterrupt: OnInterrupt
}

export class Job {
  phase: Phase = Phase.waiting
  place: Place = Place.queue
  readonly listener: Listener
  readonly fn: number
  readonly mode: Mode
  args: ReadonlyArray<unknown>
  readonly key: string | undefined
  readonly priority: number
  transfer: ReadonlyArray<unknown> | undefined
  readonly carry: Carry | undefined
  readonly onInterrupt: OnInterrupt
  /** The caller's callback and task, for the listener. */
  readonly onExit: (exit: any) => void
  readonly task: any
  readonly context: Context.Context<never> | undefined
  /** Lower runs earlier; set by the pool. */
  rank = 0
  /** The crew's number of the job while it is offered: a slot or a ticket. */
  ticket = -1
  /** The worker it was handed to, where the crew knows; -1 otherwise. */
  worker = -1

  /** It runs on the caller's own thread, once its key allows. */
  isHere = false

  /** When its worker was handed it, where the crew measures so. */
  startedAt = 0

  constructor(
    listener: Listener,
    order: Order,
    task: unknown,
    onExit: (exit: any) => void,
    context: Context.Context<never> | undefined
  ) {
    this.listener = listener
    this.fn = order.fn
    this.mode = order.mode
    this.args = order.args
    this.key = order.key
    this.priority = order.priority
    this.transfer = order.transfer
    this.carry = order.carry
    this.onInterrupt = order.onInterrupt
    this.task = task
    this.onExit = onExit
    this.context = context
  }
}
