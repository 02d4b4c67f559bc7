/**
 * Hand work off, go on, and collect it in the order in which it finishes, whatever strategies ran it. This is the loop
 * that waits for threads and for the network at the same time.
 *
 * What it promises:
 * - every ticket is reported exactly once, also when it is cancelled, when an executor closes or answers twice, and
 *   when the queue itself closes; what was finished before a close can still be taken after it;
 * - at most `capacity` tasks are in it: handed off and not yet taken. A `submit` beyond that waits, first come first
 *   served;
 * - every operation takes constant time, however many tasks or fibers wait.
 *
 * It says nothing of how many tasks run at once: that is the executor's business, or that of `limit`.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Cancel, Executor, Outcome, Watch } from "./Executor.ts"
import { nothingToCancel, submit } from "./Executor.ts"
import { Overloaded } from "./ExecutorError.ts"
import { Fifo, type Node } from "./internal/Fifo.ts"
import { Ring } from "./internal/Ring.ts"
import type * as Task from "./Task.ts"

/** A task in the queue: what `submit` returns, what `cancel` takes and what a completion names. */
export interface Ticket {
  /** Counts from 1 in the order of `submit`. */
  readonly number: number
  readonly kind: Task.Kind
}

/** A ticket's end. Times are of the `Clock`, in milliseconds since 1970. */
export interface Completion<out T extends Task.Any, out Tag> {
  readonly ticket: Ticket
  /** The caller's own, as given to `submit`. */
  readonly tag: Tag
  readonly kind: Task.KindOf<T>
  readonly task: T
  /** The task's outcome; an interruption if it was cancelled through the queue. */
  readonly exit: Outcome<T>
  /** The strategy that ran it, as far as it got: a router or wrapper names the one inside. */
  readonly executor: string
  readonly queuedAt: number
  /** When the strategy took it up; undefined if it never did or does not tell. */
  readonly startedAt: number | undefined
  readonly finishedAt: number
}

/** Whether a completion is one of a kind's; its task and exit then have that kind's types. */
export const isOf = <T extends Task.Any, Tag, K extends Task.KindOf<T>>(
  completion: Completion<T, Tag>,
  kind: K
): completion is Completion<Extract<T, { readonly _tag: K }>, Tag> => completion.kind === kind

export interface CompletionQueue<T extends Task.Any, Tag = void> {
  /**
   * Hands a task off and returns its ticket at once; waits while the queue holds `capacity` tasks. Interrupting it
   * while it waits hands nothing off. Fails with `Overloaded`, `closed`, once the queue is draining or closed.
   */
  readonly submit: (task: T, tag: Tag) => Effect.Effect<Ticket, Overloaded>
  /** As `submit`, on another executor. */
  readonly submitTo: <K extends T>(executor: Executor<K>, task: K, tag: Tag) => Effect.Effect<Ticket, Overloaded>
  /** The next completion; waits for one. `Done` once the queue takes no more and all is taken. */
  readonly take: Effect.Effect<Completion<T, Tag>, Cause.Done>
  /** All completions at hand; waits until there is one. `Done` as in `take`. */
  readonly takeAll: Effect.Effect<NonEmptyReadonlyArray<Completion<T, Tag>>, Cause.Done>
  /** The next completion if there is one now. `Done` as in `take`. */
  readonly poll: Effect.Effect<Option.Option<Completion<T, Tag>>, Cause.Done>
  /** Completions until the queue is drained or closed. Several consumers share them out among each other. */
  readonly stream: Stream.Stream<Completion<T, Tag>>
  /**
   * Gives a task up: it completes now with an interruption. False if it had finished already. Whether its work stops is
   * the strategy's business.
   */
  readonly cancel: (ticket: Ticket) => Effect.Effect<boolean>
  /** Gives up every task that has not finished, and tells how many. */
  readonly cancelAll: Effect.Effect<number>
  /** Takes no more tasks, and waits until every one handed off has finished. Consumers get the rest, then `Done`. */
  readonly drain: Effect.Effect<void>
  /** Takes no more tasks and gives up what has not finished. Consumers get the rest, then `Done`. */
  readonly close: Effect.Effect<void>
  readonly stats: Effect.Effect<Stats>
}

/** Tasks in the queue at this instant, and fibers that wait for it. */
export interface Stats {
  /** Handed off and not finished. */
  readonly outstanding: number
  /** Finished and not taken. */
  readonly finished: number
  readonly waitingToSubmit: number
  readonly waitingToTake: number
}

/** The queue's bound, and what is counted. */
export interface Options {
  /** Tasks handed off and not yet taken, at most. Default 65,536: a bound, not a target. */
  readonly capacity?: number
  /**
   * `finish` (the default): completions come as they finish. `input`: in the order of `submit`; what finishes early
   * waits in the queue and counts towards `capacity`.
   */
  readonly order?: "finish" | "input"
  /** Shown in errors; default "completion queue". */
  readonly name?: string
}

/** A queue over an executor. Closing the scope closes it. */
export const make = <T extends Task.Any, Tag = void>(
  executor: Executor<T>,
  options?: Options
): Effect.Effect<CompletionQueue<T, Tag>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const queue = new State(executor, clock, options ?? {})
    yield* Effect.addFinalizer(() => queue.close)
    return queue
  })

/**
 * A task in the queue; ticket, watch and completion in one object, so that a task costs one allocation.
 * `finishedAt` is undefined until it has finished: that is the guard that makes a second answer harmless.
 */
class Entry implements Node, Watch, Ticket {
  next: Node | undefined = undefined
  previous: Node | undefined = undefined
  readonly owner: State
  readonly number: number
  readonly task: Task.Any
  readonly tag: unknown
  readonly queuedAt: number
  executor = ""
  startedAt: number | undefined = undefined
  finishedAt: number | undefined = undefined
  exit: Exit.Exit<unknown, unknown> | undefined = undefined
  abandon: Cancel = nothingToCancel

  constructor(owner: State, number: number, task: Task.Any, tag: unknown) {
    this.owner = owner
    this.number = number
    this.task = task
    this.tag = tag
    this.queuedAt = owner.now()
  }
  get ticket(): Ticket {
    return this
  }
  get kind(): Task.Kind {
    return this.task._tag
  }
  started(): void {
    this.startedAt = this.owner.now()
  }
}

interface Drainer extends Node {
  readonly resume: (effect: Effect.Effect<void>) => void
}

interface Submitter extends Node {
  readonly resume: (effect: Effect.Effect<Ticket, Overloaded>) => void
  readonly executor: Executor<any>
  readonly task: Task.Any
  readonly tag: unknown
  readonly context: Context.Context<never>
}

interface Taker extends Node {
  readonly resume: (effect: Effect.Effect<any, Cause.Done>) => void
  readonly all: boolean
}

const isDone = Cause.done()

class State implements CompletionQueue<any, any> {
  private readonly executor: Executor<any>
  private readonly clock: Clock.Clock
  private readonly capacity: number
  private readonly inInputOrder: boolean
  private readonly name: string
  private nextNumber = 1
  private isOpen = true
  private wakeIsScheduled = false
  /** Handed off and not finished. */
  private readonly outstanding = new Fifo<Entry>()
  /** In finish order: what has finished. In input order: everything not taken, whose head may be unfinished. */
  private readonly ready = new Ring<Entry>()
  private finished = 0
  private readonly submitters = new Fifo<Submitter>()
  private readonly takers = new Fifo<Taker>()
  private readonly drainers = new Fifo<Drainer>()

  constructor(executor: Executor<any>, clock: Clock.Clock, options: Options) {
    this.executor = executor
    this.clock = clock
    this.capacity = Math.max(1, options.capacity ?? 65_536)
    this.inInputOrder = options.order === "input"
    this.name = options.name ?? "completion queue"
  }

  readonly submit = (task: Task.Any, tag: unknown) => this.submitTo(this.executor, task, tag)

  readonly submitTo = (executor: Executor<any>, task: Task.Any, tag: unknown): Effect.Effect<Ticket, Overloaded> =>
    Effect.withFiber((fiber) => {
      if (!this.isOpen) return Exit.fail(this.overloaded(task))
      if (this.hasRoom() && this.submitters.size === 0) {
        return Exit.succeed(this.handOff(executor, task, tag, fiber.context))
      }
      return Effect.callback<Ticket, Overloaded>((resume) => {
        const context = fiber.context
        const waiter: Submitter = { next: undefined, previous: undefined, resume, executor, task, tag, context }
        this.submitters.push(waiter)
        return Effect.sync(() => this.submitters.remove(waiter))
      })
    })

  readonly take: Effect.Effect<any, Cause.Done> = Effect.suspend(() =>
    this.takers.size === 0 && this.hasReady() ? Exit.succeed(this.takeOne()) : this.wait(false)
  )

  readonly takeAll: Effect.Effect<any, Cause.Done> = Effect.suspend(() =>
    this.takers.size === 0 && this.hasReady() ? Exit.succeed(this.takeReady()) : this.wait(true)
  )

  readonly poll: Effect.Effect<Option.Option<any>, Cause.Done> = Effect.suspend(() => {
    if (this.takers.size === 0 && this.hasReady()) return Exit.succeed(Option.some(this.takeOne()))
    return this.isOver() ? isDone : Effect.succeedNone
  })

  readonly stream: Stream.Stream<any> = Stream.fromPull(Effect.succeed(this.takeAll))

  readonly cancel = (ticket: Ticket): Effect.Effect<boolean> =>
    Effect.sync(() => {
      const entry = ticket as Entry
      if (entry.finishedAt !== undefined) return false
      this.giveUp(entry)
      return true
    })

  readonly cancelAll: Effect.Effect<number> = Effect.sync(() => {
    const count = this.outstanding.size
    for (let entry = this.outstanding.peek(); entry !== undefined; entry = this.outstanding.peek()) this.giveUp(entry)
    return count
  })

  readonly drain: Effect.Effect<void> = Effect.suspend(() => {
    this.stopTaking()
    if (this.outstanding.size === 0) return Effect.void
    return Effect.callback<void>((resume) => {
      const waiter: Drainer = { next: undefined, previous: undefined, resume }
      this.drainers.push(waiter)
      return Effect.sync(() => this.drainers.remove(waiter))
    })
  })

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.stopTaking()
    return Effect.asVoid(this.cancelAll)
  })

  readonly stats: Effect.Effect<Stats> = Effect.sync(() => ({
    outstanding: this.outstanding.size,
    finished: this.finished,
    waitingToSubmit: this.submitters.size,
    waitingToTake: this.takers.size
  }))

  now(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  private hasRoom(): boolean {
    return this.outstanding.size + this.finished < this.capacity
  }

  private hasReady(): boolean {
    return this.inInputOrder ? this.ready.peek()?.finishedAt !== undefined : this.finished > 0
  }

  private isOver(): boolean {
    return !this.isOpen && this.outstanding.size === 0 && this.finished === 0
  }

  private handOff(executor: Executor<any>, task: Task.Any, tag: unknown, context: Context.Context<never>): Ticket {
    const entry = new Entry(this, this.nextNumber++, task, tag)
    this.outstanding.push(entry)
    if (this.inInputOrder) this.ready.push(entry)
    const abandon = submit(executor, task, (exit) => this.finish(entry, exit), context, entry)
    // An executor may answer before it returns; the entry then needs no way to abandon it.
    if (entry.finishedAt === undefined) entry.abandon = abandon
    return entry
  }

  private finish(entry: Entry, exit: Exit.Exit<unknown, unknown>): void {
    if (entry.finishedAt !== undefined) return
    entry.finishedAt = this.now()
    entry.exit = exit
    entry.abandon = nothingToCancel
    this.outstanding.remove(entry)
    this.finished++
    if (!this.inInputOrder) this.ready.push(entry)
    if (this.takers.size > 0 || this.drainers.size > 0) this.scheduleWake()
  }

  private giveUp(entry: Entry): void {
    entry.abandon()
    this.finish(entry, Exit.interrupt())
  }

  private takeOne(): Entry {
    const entry = this.ready.shift()!
    this.finished--
    if (this.submitters.size > 0) this.scheduleWake()
    return entry
  }

  private takeReady(): Array<Entry> {
    const all: Array<Entry> = []
    while (this.hasReady()) all.push(this.takeOne())
    return all
  }

  private wait(all: boolean): Effect.Effect<any, Cause.Done> {
    if (this.isOver()) return isDone
    return Effect.callback<any, Cause.Done>((resume) => {
      const waiter: Taker = { next: undefined, previous: undefined, resume, all }
      this.takers.push(waiter)
      if (this.hasReady()) this.scheduleWake()
      return Effect.sync(() => this.takers.remove(waiter))
    })
  }

  private stopTaking(): void {
    if (!this.isOpen) return
    this.isOpen = false
    if (this.submitters.size > 0 || this.takers.size > 0) this.scheduleWake()
  }

  private overloaded(task: Task.Any): Overloaded {
    return new Overloaded({
      executor: this.name,
      kind: task._tag,
      reason: this.isOpen ? "full" : "closed",
      outstanding: this.outstanding.size + this.finished,
      limit: this.capacity
    })
  }

  // Waiters are woken in a microtask: a burst of completions, as when a thread pool drains its results, wakes a
  // consumer once; and no fiber of the user's runs inside an executor's callback.
  private scheduleWake(): void {
    if (this.wakeIsScheduled) return
    this.wakeIsScheduled = true
    queueMicrotask(() => {
      this.wakeIsScheduled = false
      this.wake()
    })
  }

  private wake(): void {
    while (this.takers.size > 0 && this.hasReady()) {
      const taker = this.takers.shift()!
      taker.resume(Exit.succeed(taker.all ? this.takeReady() : this.takeOne()))
    }
    while (this.submitters.size > 0 && (!this.isOpen || this.hasRoom())) {
      const { context, executor, resume, tag, task } = this.submitters.shift()!
      resume(this.isOpen ? Exit.succeed(this.handOff(executor, task, tag, context)) : Exit.fail(this.overloaded(task)))
    }
    if (this.outstanding.size === 0) {
      for (let one = this.drainers.shift(); one !== undefined; one = this.drainers.shift()) one.resume(Effect.void)
    }
    if (this.isOver())
      for (let one = this.takers.shift(); one !== undefined; one = this.takers.shift()) one.resume(isDone)
  }
}
