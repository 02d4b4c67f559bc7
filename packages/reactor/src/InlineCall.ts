/**
 * `Call` on the loop itself: the function runs between two turns and delays everything else meanwhile. That is what
 * `threads` is for; here the delay is measured, and the functions that cause it are named.
 *
 * One call per turn of the loop, so that sockets are served in between. Higher priority first, then the order of
 * handing off; calls of one key run one after the other, also when they return promises. Giving up drops a call that
 * has not started; a running synchronous function cannot be seen from outside, and a promise's result is ignored.
 */
import type { Call, Job } from "@handoff/core"
import { CallError } from "@handoff/core"
import * as Exit from "effect/Exit"
import { now } from "./Deadline.ts"
import type { LoopWatch } from "./LoopWatch.ts"
import * as Thrown from "./Thrown.ts"

interface Entry {
  readonly job: Job<Call<any>>
  readonly order: number
}

export class InlineCalls {
  readonly #watch: LoopWatch
  #queue: Array<Entry> = []
  #sorted = true
  readonly #busyKeys = new Set<string>()
  #order = 0
  #scheduled = false
  #queued = 0
  /** Calls made. */
  made = 0
  /** Milliseconds for which the loop stood still, in all and at most. */
  delayMillis = 0
  longestMillis = 0

  constructor(watch: LoopWatch) {
    this.#watch = watch
  }

  /** Queues a call; returns what to do when it is given up. */
  submit(job: Job<Call<any>>): (was: "queued" | "running") => void {
    this.#queue.push({ job, order: this.#order++ })
    this.#sorted = false
    this.#queued++
    this.#schedule()
    return (was) => {
      if (was === "queued") this.#queued--
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#queued === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      const job = this.#next()
      if (job === undefined) return
      void this.#run(job)
      this.#schedule()
    })
  }

  /** The first call whose key is not busy. */
  #next(): Job<Call<any>> | undefined {
    if (!this.#sorted) {
      this.#queue = this.#queue.filter((entry) => entry.job.isOpen)
      this.#queue.sort((a, b) => (b.job.task.priority ?? 0) - (a.job.task.priority ?? 0) || a.order - b.order)
      this.#sorted = true
    }
    // Those at the head who gave up would be passed over every time.
    while (this.#queue[0]?.job.isOpen === false) this.#queue.shift()
    const at = this.#queue.findIndex(({ job: { isOpen, task } }) => {
      return isOpen && (task.key === undefined || !this.#busyKeys.has(task.key))
    })
    if (at >= 0) return this.#queue.splice(at, 1)[0]!.job
    // Either all have been given up, or all wait for a key.
    this.#queue = this.#queue.filter((entry) => entry.job.isOpen)
    return undefined
  }

  async #run(job: Job<Call<any>>): Promise<void> {
    const { task } = job
    this.#queued--
    job.start()
    if (task.key !== undefined) this.#busyKeys.add(task.key)
    let exit: Exit.Exit<unknown, CallError>
    try {
      const loaded = (await import(task.module)) as Record<string, unknown>
      // It may have been given up while its module was loaded.
      if (!job.isOpen) return
      const called = loaded[task.function]
      if (typeof called !== "function") {
        throw new TypeError(`${task.module} exports no function ${task.function}`)
      }
      const args =
        task.transfer === undefined
          ? [...task.args]
          : structuredClone([...task.args], { transfer: [...task.transfer] as Array<ArrayBuffer> })
      const started = now()
      let result: unknown
      try {
        result = called(...args)
      } finally {
        this.#account(task, now() - started)
      }
      exit = Exit.succeed(result instanceof Promise ? await result : result)
    } catch (error) {
      exit = Exit.fail(new CallError({ module: task.module, function: task.function, ...Thrown.describe(error) }))
    } finally {
      if (task.key !== undefined) this.#busyKeys.delete(task.key)
      this.#schedule()
    }
    job.answer(exit)
  }

  #account(task: Call<any>, millis: number): void {
    this.made++
    this.delayMillis += millis
    if (millis > this.longestMillis) this.longestMillis = millis
    this.#watch.held(`Call ${task.function}`, millis)
  }
}
