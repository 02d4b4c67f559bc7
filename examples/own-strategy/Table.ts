/** A strategy of one's own in one screen: names from a table, answered on the next turn of the loop. */
import { Executor, LookupError, LookupHost, Outstanding } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"

/** `entries` maps names to addresses; a name mapped to null is one whose answer never comes. */
export const make = (entries: (name: string) => string | null | undefined) =>
  Effect.gen(function* () {
    const outstanding = new Outstanding<LookupHost>("table")
    yield* Effect.addFinalizer(() => Effect.sync(() => outstanding.close()))
    return Executor.make<LookupHost>({
      name: "table",
      kinds: [LookupHost.kind],
      submitUnsafe: (task, onExit, _context, watch) => {
        const job = outstanding.admit(task, onExit, watch)
        if (job === undefined) return Executor.nothingToCancel
        const turn = setImmediate(() => {
          if (!job.start()) return
          const address = entries(task.name)
          if (address === null) return
          job.answer(
            address === undefined
              ? Exit.fail(new LookupError({ name: task.name, reason: "NotFound", code: "NOT_IN_TABLE" }))
              : Exit.succeed([NetAddress.ipFromStringUnsafe(address)])
          )
        })
        job.release = () => clearImmediate(turn)
        return job.cancel
      },
      stats: outstanding.statsEffect()
    })
  })
