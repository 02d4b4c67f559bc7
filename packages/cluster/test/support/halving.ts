import { Direct, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class Odd extends Schema.TaggedError<Odd>()("Odd", { n: Schema.Int }) {}

/** Half of an even number; an odd one fails with `Odd`. */
export class Halve extends Task.make("Halve", {
  payload: { n: Schema.Int },
  success: Schema.Int,
  failure: Odd,
  repeatable: true
}) {}

export const halve = Direct.handle(Halve, ({ n }) =>
  n % 2 === 1 ? Effect.fail(new Odd({ n })) : Effect.succeed(n / 2)
)
