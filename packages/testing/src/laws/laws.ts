import { closing } from "./closing.ts"
import { giving } from "./givingUp.ts"
import type { Law } from "./Law.ts"
import { outcomes } from "./outcomes.ts"
import { order } from "./order.ts"
import { schedule } from "./schedule.ts"

/** Every law, in the order in which a new strategy best makes them pass. A new law is a line in one of these lists. */
export const laws = (seeds: ReadonlyArray<number>): ReadonlyArray<Law> => [
  ...outcomes,
  ...giving,
  ...order,
  ...closing,
  ...seeds.map(schedule)
]
