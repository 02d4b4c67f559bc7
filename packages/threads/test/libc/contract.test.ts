import { CFunction, Libc } from "@handoff/threads/libc"
import { contract } from "@handoff/testing"
import { QueryRecords } from "@handoff/core"

const labs = (index: number) =>
  new CFunction({ library: "", symbol: "labs", types: ["int64"], returns: "int64", args: [-index] })

const samples = {
  succeed: (index: number) => ({
    task: labs(index),
    value: { value: BigInt(index), errno: 0, buffers: [] }
  }),
  fail: (index: number) => ({
    task: new CFunction({
      library: "",
      symbol: "rmdir",
      types: ["string"],
      returns: "int32",
      fails: "negative",
      args: [`/nonexistent/${index}`]
    }),
    failure: "CFunctionError"
  }),
  // A blocking call cannot be stopped: this one ends by itself, long after the suite gave it up.
  never: () => new CFunction({ library: "", symbol: "sleep", types: ["uint32"], returns: "uint32", args: [25] }),
  unsupported: new QueryRecords({ name: "example.org", type: "A" })
}

contract("libc", Libc.make({ threads: 128 }), {
  ...samples,
  patience: 10_000,
  differences: { concurrency: 128, cancelKeepsSlot: true }
})
