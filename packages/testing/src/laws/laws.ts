import * as Effect from "effect/Effect"
import { bounds } from "./bounds.ts"
import { closing } from "./closing.ts"
import { context } from "./context.ts"
import { giving } from "./givingUp.ts"
import { Broken, type Law } from "./Law.ts"
import { outcomes } from "./outcomes.ts"
import { order } from "./order.ts"
import { queue } from "./queue.ts"
import { schedule } from "./schedule.ts"

/** Every law, in the order in which a new strategy best makes them pass. A new law is a line in one of these lists. */
export const laws = (seeds: ReadonlyArray<number>): ReadonlyArray<Law> =>
  [...outcomes, ...giving, ...order, ...bounds, ...queue, ...context, ...closing, ...seeds.map(schedule)].map(bounded)

/** A law ends, whatever the executor does: one that hangs in `run` must not hang the suite. */
const bounded = (law: Law): Law => ({
  ...law,
  check: (subject) => {
    const message = `${law.name}: not settled within ${2 * subject.patience} ms`
    return Effect.timeoutOrElse(law.check(subject), {
      duration: 2 * subject.patience,
      orElse: () => Effect.fail(new Broken({ message }))
    })
  }
})
