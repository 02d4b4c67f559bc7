import { Call, LookupHost } from "@handoff/core"
import { contract } from "@handoff/testing"
import { Threads } from "@handoff/threads"

const module = new URL("./modules/functions.ts", import.meta.url).href
const call = (name: string, ...args: ReadonlyArray<unknown>) => new Call<any>({ module, function: name, args })

const samples = {
  succeed: (index: number) => ({ task: call("add", index, 1), value: index + 1 }),
  fail: (index: number) => ({ task: call("overheat", index), failure: "CallError" }),
  unsupported: new LookupHost({ name: "host.example" })
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
