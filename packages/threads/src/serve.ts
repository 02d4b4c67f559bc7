/** A worker that lives by messages alone, in a thread or in a process. No import of Effect. */
import * as Clock from "./Clock.ts"
import { type Clone, describe } from "./Fault.ts"
import { heapEvery } from "./limits.ts"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"
import { Runner } from "./Runner.ts"

/** The worker's side of the wire. */
export interface Door {
  /** Throws a DataCloneError if the message does not survive the way. */
  readonly post: (message: ToPool, transfer?: ReadonlyArray<unknown>) => void
  /** What survives the way. */
  readonly clone: Clone
  /** Ends the worker, once everything that was posted is on its way. */
  readonly end: () => void
}

/** Starts the worker; returns what takes its messages. */
export const serve = (birth: Birth, { clone, end, post }: Door): ((message: ToWorker) => void) => {
  /** Calls under way, and whether they were given up. */
  const calls = new Map<number, boolean>()
  let stopping = false
  const runner = new Runner(birth, {
    value: (id, value, transfer) => {
      post({ _tag: "Value", id, value }, transfer)
      calls.delete(id)
    },
    threw: (id, fault) => {
      calls.delete(id)
      post({ _tag: "Threw", id, fault })
    },
    items: (id, items, transfer) => post({ _tag: "Items", id, items }, transfer),
    progress: (id, value) => post({ _tag: "Progress", id, value }),
    isAborted: (id) => calls.get(id) === true,
    clone,
    ended: () => {
      if (stopping) void stopWhenDone()
    }
  })
  let heapTold = -Infinity
  const tellHeap = (): void => {
    const now = Clock.now()
    if (now - heapTold < heapEvery) return
    heapTold = now
    post({ _tag: "Heap", octets: process.memoryUsage().heapUsed })
  }

  const stopWhenDone = async (): Promise<void> => {
    if (runner.active > 0) return
    try {
      await runner.stop()
    } catch (error) {
      // An uncaught error is what the pool reports with its stack; a rejection here would be the same but later.
      queueMicrotask(() => {
        throw error
      })
      return
    }
    end()
  }

  const begin = async (): Promise<void> => {
    try {
      await runner.start()
    } catch (error) {
      return post({ _tag: "StartFailed", fault: describe(error, clone) })
    }
    post({ _tag: "Ready" })
  }
  void begin()

  return (message) => {
    switch (message._tag) {
      case "Run":
        tellHeap()
        calls.set(message.id, false)
        return runner.run(message.id, message.fn, message.mode, message.args, message.carry)
      case "Define":
        return runner.define(message.definition)
      case "Abort":
        // It may have ended while this was on its way.
        if (calls.has(message.id)) calls.set(message.id, true)
        return runner.abort(message.id)
      case "Credit":
        return runner.credit(message.id, message.items)
      case "Drop":
        return
      case "Stop":
        stopping = true
        void stopWhenDone()
        return
    }
  }
}
