/** Jobs on the caller's own thread, for `caller-runs`: the module is imported here, and its functions run among ours. */
import type { Catalogue } from "./Catalogue.ts"
import { type Job, Phase } from "./Job.ts"
import type { Options } from "./Pool.ts"
import { Runner } from "./Runner.ts"

export const make = (catalogue: Catalogue, data: unknown): Options["runHere"] => {
  let tickets = 0
  return (job: Job, events) => {
    const ticket = tickets++
    const runner = new Runner(
      { worker: -1, callsAtOnce: 1, definitions: [catalogue.definitions[job.fn]!], data },
      {
        value: (_, value) => events.value(job, value),
        threw: (_, fault) => events.threw(job, fault),
        items: (_, items) => events.items(job, items),
        progress: (_, value) => events.progress(job, value),
        isAborted: () => job.phase !== Phase.offered,
        ended: () => {}
      }
    )
    runner.run(ticket, job.fn, job.mode, job.args, job.carry)
    return {
      credit: (items) => runner.credit(ticket, items),
      abort: () => runner.abort(ticket)
    }
  }
}
