/** A worker that lives by messages alone, in a thread or in a process. No import of Effect. */
import { describe } from "./Fault.ts"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"
import { Runner } from "./Runner.ts"

/** Milliseconds between two reports of the heap. */
const heapEvery = 250

/**
 * Starts the worker; returns what takes its messages. `end` lets go of the channel, so that the worker ends when
 * nothing else keeps it alive.
 */
export const serve = (
  birth: Birth,
  post: (message: ToPool, transfer?: ReadonlyArray<unknown>) => void,
  end: () => void
): ((message: ToWorker) => void) => {
  const aborted = new Set<number>()
  let stopping = false
  const runner = new Runner(birth, {
    value: (id, value, transfer) => {
      post({ _tag: "Value", id, value }, transfer)
      aborted.delete(id)
    },
    threw: (id, fault) => {
      aborted.delete(id)
      post({ _tag: "Threw", id, fault })
    },
    items: (id, items) => post({ _tag: "Items", id, items }),
    progress: (id, value) => post({ _tag: "Progress", id, value }),
    isAborted: (id) => aborted.has(id),
    ended: () => {
      if (stopping) void stopWhenDone()
    }
  })
  let heapTold = -Infinity
  const tellHeap = (): void => {
    const now = performance.now()
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
      return post({ _tag: "StartFailed", fault: describe(error) })
    }
    post({ _tag: "Ready" })
  }
  void begin()

  return (message) => {
    switch (message._tag) {
      case "Run":
        tellHeap()
        return runner.run(message.id, message.fn, message.mode, message.args, message.carry)
      case "Define":
        return runner.define(message.definition)
      case "Abort":
        aborted.add(message.id)
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
