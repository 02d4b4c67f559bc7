/**
 * Hands tasks to a runner's local executor, so many at once, first come first served. Where the local executor is full,
 * the task waits here until one of ours is done; so a runner never refuses what its own queue could hold.
 */
import type { Executor } from "@handoff/core"
import { Overloaded } from "@handoff/core"
import type { Task } from "@handoff/core"
import * as Exit from "effect/Exit"

interface Entry {
  readonly task: Task.Any
  readonly onExit: (exit: Exit.Exit<unknown, unknown>) => void
  cancel: (() => void) | undefined
  isOver: boolean
}

const isFull = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some(
    (reason) => reason._tag === "Fail" && reason.error instanceof Overloaded && reason.error.reason === "full"
  )

export class Feed {
  private readonly executor: Executor.Executor<any>
  private readonly concurrency: number
  private waiting: Array<Entry> = []
  /** Index of the oldest in `waiting`; taking from the front of an array is not constant time. */
  private oldest = 0
  private running = 0
  private isPumping = false

  constructor(executor: Executor.Executor<any>, concurrency: number) {
    this.executor = executor
    this.concurrency = concurrency
  }

  submit(task: Task.Any, onExit: (exit: Exit.Exit<unknown, unknown>) => void): () => void {
    const entry: Entry = { task, onExit, cancel: undefined, isOver: false }
    this.waiting.push(entry)
    this.pump()
    return () => {
      if (entry.isOver) return
      entry.isOver = true
      if (entry.cancel === undefined) return
      entry.cancel()
      this.running--
      this.pump()
    }
  }

  private pump(): void {
    // An executor may answer before `submitUnsafe` returns; its answer pumps on through the outer call.
    if (this.isPumping) return
    this.isPumping = true
    while (this.running < this.concurrency && this.oldest < this.waiting.length) {
      const entry = this.waiting[this.oldest]!
      this.oldest++
      if (!entry.isOver && !this.start(entry)) {
        this.oldest--
        break
      }
    }
    if (this.oldest > 1024 && this.oldest * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.oldest)
      this.oldest = 0
    }
    this.isPumping = false
  }

  /** False if the local executor is full and one of ours will make room. */
  private start(entry: Entry): boolean {
    let isRefused = false
    let isReturned = false
    this.running++
    const cancel = this.executor.submitUnsafe(entry.task, (exit) => {
      if (entry.isOver) return
      if (!isReturned && this.running > 1 && isFull(exit)) {
        isRefused = true
        return
      }
      entry.isOver = true
      this.running--
      entry.onExit(exit)
      this.pump()
    })
    isReturned = true
    if (isRefused) {
      this.running--
      return false
    }
    entry.cancel = cancel
    return true
  }
}
