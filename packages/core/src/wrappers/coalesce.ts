/**
 * Equal tasks in flight share one run: a task that equals one that is not yet answered is not handed off, it waits for
 * the other's outcome. The run is given up when the last of those who wait for it has given up.
 *
 * Tasks are equal when their kinds and payloads are (Effect's `Equal`). Only tasks that may run twice are shared by
 * default: two equal calls of a function with effects are meant as two. A shared run has the context (tracer, span,
 * logger) of the one who came first.
 */
import type * as Exit from "effect/Exit"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import type { Cancel } from "../Executor.ts"
import { nothingToCancel } from "../Executor.ts"
import type { Job } from "../Outstanding.ts"
import type * as Task from "../Task.ts"
import { isRepeatable, type Passage, passing, type Wrapper } from "./around.ts"

/** Which tasks a `coalesce` runs as one. */
export interface Options {
  /** Which tasks. Default: those whose class says that they may run twice. */
  readonly only?: (task: Task.Any) => boolean
}

/** A run that several wait for. */
class Flight {
  readonly waiting = new Set<Job<any>>()
  cancel: Cancel = nothingToCancel
  isOver = false
}

/** Hands equal tasks that are in flight at once on as one; all get its answer. */
export const coalesce =
  (options: Options = {}): Wrapper =>
  (inner) => {
    const { only = isRepeatable } = options
    const flights = MutableHashMap.empty<Task.Any, Flight>()
    let shared = 0

    const board = (flight: Flight, job: Job<any>): void => {
      job.start()
      flight.waiting.add(job)
      job.release = () => {
        flight.waiting.delete(job)
        if (flight.waiting.size > 0 || flight.isOver) return
        flight.isOver = true
        MutableHashMap.remove(flights, job.task)
        flight.cancel()
      }
    }
    const depart = (passage: Passage<any>): void => {
      const { job } = passage
      const flight = new Flight()
      board(flight, job)
      MutableHashMap.set(flights, job.task, flight)
      const cancel = passage.pass((exit: Exit.Exit<any, any>) => {
        if (flight.isOver) return
        flight.isOver = true
        MutableHashMap.remove(flights, job.task)
        for (const one of flight.waiting) one.answer(exit)
      })
      flight.cancel = cancel
    }
    return passing(
      inner,
      (passage) => {
        const { job } = passage
        if (!only(job.task)) {
          job.start()
          const cancel = passage.pass((exit) => job.answer(exit))
          job.release = cancel
          return
        }
        const flight = MutableHashMap.get(flights, job.task)
        if (Option.isNone(flight)) return depart(passage)
        shared++
        board(flight.value, job)
      },
      { extra: () => ({ shared, flights: MutableHashMap.size(flights) }) }
    )
  }
