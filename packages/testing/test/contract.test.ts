import { AppExecutor, Batch, Call, Direct, observe, Observability, Section, Strategies } from "@handoff/core"
import { contract, Stepper } from "@handoff/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import { answer, direct, everySample, router, samples } from "./samples.ts"

contract("Direct with handlers that answer at once", direct("direct", "at once"), { ...everySample, patience: 2000 })

contract("Direct with handlers that take a while", direct("direct", "later"), { ...everySample, patience: 2000 })

contract(
  "Stepper, stepping itself at random",
  Stepper.automatic({ kinds: ["Call"], answer, seed: 7, skip: (task) => task.function === "hang" }),
  { ...samples, patience: 2000 }
)

contract("Router over two Directs", router, {
  ...everySample,
  patience: 2000
})

/** Every task comes from a program that listens. */
const listening = Effect.gen(function* () {
  const listener = yield* Layer.build(Observability.layer())
  const observed = observe(yield* direct("direct", "later"))
  const submitUnsafe: typeof observed.submitUnsafe = (task, onExit, context, watch) =>
    observed.submitUnsafe(task, onExit, context === undefined ? listener : Context.merge(listener, context), watch)
  return { ...observed, submitUnsafe }
})

contract("observe, with a listener", listening, { ...everySample, patience: 2000, seeds: [1] })

contract(
  "a batch function",
  Batch.make<Call<any>>({
    kinds: ["Call"],
    run: (entries) =>
      Effect.gen(function* () {
        for (const entry of entries) if (entry.task.function !== "hang") entry.answer(answer(entry.task))
        if (entries.some(({ task }) => task.function === "hang")) yield* Effect.never
      })
  }),
  { ...samples, patience: 2000 }
)

const section = Section.define("direct", {})

contract(
  "strategies under one configuration, as a layer",
  {
    service: AppExecutor,
    layer: Strategies.layer(AppExecutor, [Strategies.define(section, () => direct("direct", "later"))]).pipe(
      Layer.provideMerge(Observability.layer())
    )
  },
  { ...everySample, patience: 2000, seeds: [1, 2] }
)

contract(
  "Direct with a limit",
  Direct.make([Direct.handle(Call, (task) => (task.function === "hang" ? Effect.never : answer(task)))], { limit: 8 }),
  { ...samples, patience: 2000, seeds: [1, 2], differences: { limit: 8 } }
)
