/** An executor whose tasks wait until a test answers them. (`Stepper` of the testing package depends on this package.) */
import { Call, Executor, type Job, LookupHost, Outstanding } from "@handoff/core"
import * as NetAddress from "effect/net/NetAddress"

export type Tasks = LookupHost | Call<any>

export interface Held<T extends Tasks> {
  readonly executor: Executor.Executor<T>
  readonly outstanding: Outstanding
  /** What was handed off and is not answered, oldest first. */
  readonly waiting: () => ReadonlyArray<Job>
  /** Everything that was ever handed off: a name, or a function and its first argument. */
  readonly seen: Array<string>
}

export const held = (name = "held", limit?: number, tasks: "start" | "waits" = "start"): Held<Tasks> => {
  const outstanding = new Outstanding(name, limit === undefined ? {} : { limit })
  const seen: Array<string> = []
  const executor = Executor.make<Tasks>({
    name,
    kinds: ["LookupHost", "Call"],
    submitUnsafe: (task, onExit, _context, watch) => {
      seen.push(task._tag === "LookupHost" ? task.name : `${task.function} ${String(task.args[0])}`)
      const job = outstanding.admit(task, onExit, watch)
      if (tasks === "start") job?.start()
      return job?.cancel ?? Executor.nothingToCancel
    },
    stats: outstanding.statsEffect()
  })
  return { executor, outstanding, waiting: () => outstanding.toArray(), seen }
}

export const lookup = (name: string) => new LookupHost({ name })

export const call = (name: string, ...args: ReadonlyArray<unknown>) =>
  new Call<any>({ module: "file:///m.js", function: name, args })

export const address = (text: string): readonly [NetAddress.IpAddress] => [NetAddress.ipFromStringUnsafe(text)]
