import { Call, LookupHost } from "@handoff/core"
import { contract } from "@handoff/testing"
import { Threads } from "@handoff/threads"

const module = new URL("./modules/functions.ts", import.meta.url).href
const call = (name: string, ...args: ReadonlyArray<unknown>) => new Call<any>({ module, function: name, args })

const counting = new URL("./modules/contract.ts", import.meta.url).href
const cells = new Int32Array(new SharedArrayBuffer(4096 * Int32Array.BYTES_PER_ELEMENT))
let nextCell = 0

const samples = {
  succeed: (index: number) => ({ task: call("add", index, 1), value: index + 1 }),
  fail: (index: number) => ({ task: call("overheat", index), failure: "CallError" }),
  unsupported: new LookupHost({ name: "host.example" }),
  counted: () => {
    const cell = nextCell++
    return {
      task: new Call<any>({ module: counting, function: "count", args: [cells, cell] }),
      runs: () => Atomics.load(cells, cell)
    }
  },
  traced: () => new Call<any>({ module: counting, function: "trace", args: [] })
}

// A call that loops for ever is what threads are for: giving it up terminates its thread.
contract("threads that terminate", Threads.make({ maxThreads: 2, onInterrupt: "terminate" }), {
  ...samples,
  never: () => call("loopForEver"),
  differences: { concurrency: 2 }
})

// An asynchronous call that never ends keeps its place after it was abandoned.
contract("threads that abandon", Threads.make({ maxThreads: 2, callsPerThread: 32 }), {
  ...samples,
  never: () => call("never"),
  differences: { concurrency: 64, cancelKeepsSlot: true }
})
