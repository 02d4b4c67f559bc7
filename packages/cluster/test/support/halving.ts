import { Task } from "@handoff/core"
import * as Schema from "effect/Schema"

export class Odd extends Schema.TaggedError<Odd>()("Odd", { n: Schema.Int }) {}

/** Half of an even number; an odd one fails with `Odd`. */
export class Halve extends Task.make("Halve", {
  payload: { n: Schema.Int },
  success: Schema.Int,
  failure: Odd,
  repeatable: true
}) {}
