/**
 * At most so many tasks at once in the inner executor, and fair between keys: while several keys wait, they take turns,
 * and a key with a long backlog does not keep another one waiting.
 *
 * Effect's `Semaphore` is not used: giving a permit back costs time in proportion to the fibers that wait (179 us with
 * 16,384 of them). Here every operation takes constant time. `PartitionedSemaphore` is flat too, but needs a fiber for
 * every waiting task, and has no bound on how many wait.
 */
import * as Exit from "effect/Exit"
import { Lost, Overloaded } from "../ExecutorError.ts"
import { Fifo, type Node } from "../internal/Fifo.ts"
import type { Job } from "../Outstanding.ts"
import { executorErrorOf, type Passage, passing, type Wrapper } from "./around.ts"

/** How many tasks a `limit` lets run and wait. */
export interface Options {
  /** Tasks in the inner executor at once. */
  readonly concurrency: number
  /** Tasks that wait, at most; more are `Overloaded`, `full`. Default: any number. */
  readonly waiting?: number
  /** What a task's turn is counted under: a tenant, a peer. Default: one key for all. */
  readonly key?: (task: any) => string
  /** Tasks of one key in the inner executor at once. Default: as many as there is room for. */
  readonly perKey?: number
}

/** A key with tasks. It stands in `turns` while it has a task waiting and room for it. */
class Lane implements Node {
  next: Node | undefined = undefined
  previous: Node | undefined = undefined
  readonly key: string
  readonly waiting = new Fifo<Passage<any>>()
  running = 0
  constructor(key: string) {
    this.key = key
  }
}

/** Lets so many tasks of an executor run at once; the others wait, up to a bound. */
export const limit =
  (options: Options): Wrapper =>
  (inner) => {
    const { concurrency, key, perKey = concurrency, waiting: most = Number.MAX_SAFE_INTEGER } = options
    const lanes = new Map<string, Lane>()
    const turns = new Fifo<Lane>()
    let running = 0
    let waiting = 0
    let isPumping = false
    /** The one that has just come, and has not waited. */
    let entering: Passage<any> | undefined

    const line = (lane: Lane): void => {
      if (lane.next === undefined && lane.waiting.size > 0 && lane.running < perKey) turns.push(lane)
    }
    const leave = (lane: Lane): void => {
      running--
      lane.running--
      if (lane.running === 0 && lane.waiting.size === 0) lanes.delete(lane.key)
      else line(lane)
      pump()
    }
    // Not recursive: an inner executor that answers at once would otherwise deepen the stack with every waiting task.
    const pump = (): void => {
      if (isPumping) return
      isPumping = true
      while (running < concurrency) {
        const lane = turns.shift()
        if (lane === undefined) break
        const passage = lane.waiting.shift()!
        waiting--
        running++
        lane.running++
        line(lane)
        begin(lane, passage)
      }
      isPumping = false
    }
    const begin = (lane: Lane, passage: Passage<any>): void => {
      const { job } = passage
      const hasWaited = passage !== entering
      let isOver = false
      job.release = undefined
      job.start()
      const over = (): boolean => {
        if (isOver) return false
        isOver = true
        leave(lane)
        return true
      }
      const cancel = passage.pass((exit) => {
        // The place is given on only after the caller has its answer, so that tasks are answered in order.
        if (isOver) return
        job.answer(hasWaited ? closedAsLost(exit, job) : exit)
        over()
      })
      if (!isOver) {
        job.release = () => {
          cancel()
          over()
        }
      }
    }

    return passing(
      inner,
      (passage) => {
        const { job } = passage
        if (waiting >= most && running >= concurrency) {
          const { name } = inner
          const outstanding = running + waiting
          const reason = "full" as const
          const limit = concurrency + most
          job.answer(Exit.fail(new Overloaded({ executor: name, kind: job.task._tag, reason, outstanding, limit })))
          return
        }
        const id = key === undefined ? "" : key(job.task)
        let lane = lanes.get(id)
        if (lane === undefined) {
          lane = new Lane(id)
          lanes.set(id, lane)
        }
        lane.waiting.push(passage)
        waiting++
        const own = lane
        job.release = () => {
          if (!own.waiting.remove(passage)) return
          waiting--
          if (own.waiting.size > 0) return
          turns.remove(own)
          if (own.running === 0) lanes.delete(own.key)
        }
        line(lane)
        entering = passage
        pump()
        entering = undefined
      },
      { extra: () => ({ limitRunning: running, limitWaiting: waiting, limitKeys: lanes.size }) }
    )
  }

/** A task that waited here when the inner executor closed was taken by this one: it is lost, not refused. */
const closedAsLost = (exit: Exit.Exit<any, any>, job: Job): Exit.Exit<any, any> => {
  const error = executorErrorOf(exit)
  return error?._tag === "Overloaded" && error.reason === "closed"
    ? Exit.fail(
        new Lost({ executor: error.executor, kind: job.task._tag, how: "closed", detail: "it had not started" })
      )
    : exit
}
